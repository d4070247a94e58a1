/**
 * Common English words, the most frequent first. Random prompts are drawn from them, so that a benchmark's text
 * tokenizes like ordinary text with any model's tokenizer (about one token a word).
 */
export const commonWords: readonly string[] =
	`the of and to in is that for it as was with be by on not he his but at are this have from or had an they which one you
  were her all she there would their we him been has when who will more no if out so said what up its about into than them
  can only other new some could time these two may then do first any my now such like our over man me even most made after
  also did many before must through back years where much your way well down should because each just those people how too
  little state good very make world still own see men work long get here between both life being under never day same another
  know while last might us great old year off come since against go came right used take three states himself few house use
  during without again place around however home small found thought went say part once general high upon school every does
  got united left number course war until always away something fact water public less put think almost hand enough far took
  head yet government system set better told nothing night end why called eyes find going look asked later point knew next city
  business give group toward days young let room president side social present several order face rather national per second
  possible early american light words large among case looked things big within area white important often need power god form
  children along give best seemed problem felt want interest best development certain question law church door money family body
  company example country mind service history human story table letter paper music language study report effect level reason
  change office market value process result person morning evening river street garden window bridge winter summer spring ocean
  mountain forest island village station engine machine computer network memory science energy animal flower picture doctor
  teacher student mother father brother sister friend child woman voice heart color field ground air fire earth stone metal
  glass wood silver gold black red green blue brown yellow heavy warm cold quick slow strong simple clear empty quiet bright
  dark deep wide narrow open close begin start stop turn move walk run stand sit speak write read listen learn teach build
  break carry bring send hold keep leave follow lead meet pass pay buy sell grow live die win lose play sing dance draw paint
  cook eat drink sleep wake dream wish hope fear love hate laugh cry smile watch wait help answer ask try allow believe expect
  understand remember forget decide choose plan develop produce create provide support require include contain continue
  consider describe explain suggest report measure compare improve increase reduce return receive deliver address account
  amount balance bottle branch bread cable camera captain castle center century chance chapter circle citizen class climate
  coast coffee college command common complete condition control corner cotton council couple cover credit cross crowd culture
  current customer danger daughter degree department detail difference difficult dinner direction discover distance district
  double early education election electric environment equal evidence exact exchange exercise experience experiment expression
  factory familiar famous farmer fashion feature figure final finger finish floor foreign formal forward freedom fresh future
  gather gentle glance global guard guess guide habit handle happen happy harbor hardly health history holiday honest horse
  hospital hotel hour hundred husband imagine impact indeed industry influence instance instead journey judge justice kitchen
  knowledge labor ladder lake leader league leather length lesson library limit liquid literature local machine magazine manner
  material matter meaning medical member message method middle military million minute mirror modern moment month moral motion
  movement museum native nature nearly neighbor nervous newspaper normal north notice object observe occasion offer officer
  opinion opportunity opposite ordinary organ original outside owner package palace parent particular partner party patient
  pattern peace pencil perfect perhaps period permit physical pleasure pocket poem police policy popular population position
  practice prepare pressure pretty prevent price primary print private prize profit program progress promise proper property
  protect proud purpose quality quarter rain reach ready realize record region regular relation religion remain remove repeat
  replace research respect response rest rise road rock role round rule safe sample save scale scene season seat secret section
  seem sense separate serious shape share sharp ship shop short shoulder show sight sign silence similar single situation size
  skill skin society soft soil soldier solution sound source south space special speed spirit spread square stage standard star
  statement stay step storm straight strange stream stretch structure style subject success sudden sugar suit supply surface
  surprise sweet symbol task taste tax team temperature term test text theory thick thin thousand title today together tomorrow
  tone tool top total touch tower town track trade tradition train travel tree trip trouble truck true trust truth type unit
  universe usual valley variety various vast vehicle view visit volume vote wall weather week weight west wheel whole wild wind
  wine wonder worker wrong yesterday`
		.split(/\s+/)
		.filter(
			(word, index, all) => word.length > 0 && all.indexOf(word) === index,
		);
