"""Hand-written everyday facts: `subject | sentence`, and `question ; other wording | answer`. Plain data, Apache-2.0 like the code."""

# Asked as "What is X?", "Tell me about X.", "Explain X." and the like.
SUBJECTS = """
a dog | A dog is an animal that many people keep as a pet. Dogs are loyal and like to play.
a cat | A cat is a small animal that many people keep as a pet. Cats like to sleep and to hunt mice.
a horse | A horse is a large animal with four legs. People ride horses.
a cow | A cow is a farm animal. It eats grass and gives milk.
a bird | A bird is an animal with feathers and wings. Most birds can fly.
a fish | A fish is an animal that lives in water and breathes through gills.
an elephant | An elephant is the largest animal on land. It has a long trunk and big ears.
a lion | A lion is a large wild cat that lives in Africa.
a whale | A whale is a very large animal that lives in the sea. It is a mammal, not a fish.
a bee | A bee is an insect that collects nectar from flowers and makes honey.
a tree | A tree is a tall plant with a trunk, branches and leaves.
a flower | A flower is the part of a plant that makes seeds. Many flowers have bright colors.
an apple | An apple is a round fruit that grows on a tree. It can be red, green or yellow.
a banana | A banana is a long yellow fruit.
bread | Bread is a food made from flour, water and yeast. It is baked in an oven.
rice | Rice is a grain that people eat in many parts of the world.
milk | Milk is a white drink that comes from cows and other mammals.
water | Water is a clear liquid that all living things need. It is made of hydrogen and oxygen.
ice | Ice is frozen water.
rain | Rain is water that falls from clouds in small drops.
snow | Snow is frozen water that falls from clouds as white flakes.
wind | Wind is moving air.
a cloud | A cloud is a mass of tiny drops of water in the air.
the sun | The Sun is a star. It gives light and heat to the Earth.
the moon | The Moon moves around the Earth. It shines because it reflects the light of the Sun.
the earth | The Earth is the planet that we live on. It moves around the Sun.
a star | A star is a huge ball of hot gas that gives light.
a planet | A planet is a large round body that moves around a star.
mars | Mars is the fourth planet from the Sun. It is called the red planet.
jupiter | Jupiter is the largest planet in the solar system.
the solar system | The solar system is the Sun and everything that moves around it, such as planets and moons.
space | Space is the great empty area outside the air of the Earth.
gravity | Gravity is the force that pulls things toward each other. It keeps us on the ground.
energy | Energy is the ability to do work. Light, heat and motion are forms of energy.
electricity | Electricity is a form of energy that comes from moving charges. It powers lamps and machines.
light | Light is a form of energy that we can see.
sound | Sound is a vibration that moves through air or water and that we can hear.
an atom | An atom is a very small part of matter. It has a nucleus and electrons.
a molecule | A molecule is a group of atoms that are joined together.
a cell | A cell is the smallest living part of a plant or an animal.
dna | DNA is the molecule that carries the genetic information of living things.
photosynthesis | Photosynthesis is how plants make food from light, water and carbon dioxide.
evolution | Evolution is the slow change of living things over many generations.
oxygen | Oxygen is a gas in the air that people and animals need to breathe.
gold | Gold is a yellow metal that is rare and valuable.
iron | Iron is a strong metal that is used to make steel.
a volcano | A volcano is a mountain from which hot melted rock can come out.
an earthquake | An earthquake is a shaking of the ground.
a river | A river is a long stream of water that flows to a lake or to the sea.
an ocean | An ocean is a very large body of salt water.
an island | An island is a piece of land with water all around it.
a mountain | A mountain is a very high part of the land.
a desert | A desert is a dry area where little rain falls.
a forest | A forest is a large area with many trees.
a city | A city is a large place where many people live and work.
a country | A country is an area of land with its own government.
a government | A government is a group of people who rule a country or a state.
democracy | Democracy is a form of government in which the people choose their leaders.
a president | A president is the leader of a republic.
a king | A king is a man who rules a country, usually because his parents did.
a law | A law is a rule made by a government that people must follow.
war | War is a long fight between countries or groups of people.
peace | Peace is a time without war.
money | Money is what people use to buy things.
a bank | A bank is a business that keeps and lends money.
a market | A market is a place where people buy and sell things.
a school | A school is a place where children learn.
a teacher | A teacher is a person who helps others to learn.
a doctor | A doctor is a person who helps sick people.
a hospital | A hospital is a place where sick and injured people are treated.
medicine | Medicine is something that helps sick people to get better.
the heart | The heart is a muscle that pumps blood through the body.
the brain | The brain is the organ that controls the body and with which we think.
blood | Blood is the red liquid that carries oxygen and food through the body.
a virus | A virus is a very small thing that can make living things sick.
a book | A book is a set of pages with words or pictures on them.
a library | A library is a place with many books that people can read or borrow.
music | Music is sound that is arranged to be pleasant or interesting.
a song | A song is a piece of music with words.
art | Art is something that people make to show ideas or beauty.
a poem | A poem is a short piece of writing that often has rhythm and rhyme.
history | History is the study of what happened in the past.
science | Science is the study of nature by watching and testing.
mathematics | Mathematics is the study of numbers, shapes and patterns.
philosophy | Philosophy is the study of big questions about life, knowledge and truth.
football | Football is a game played by two teams with a ball.
chess | Chess is a board game for two players. The goal is to catch the king of the other player.
a computer | A computer is a machine that works with information by following instructions.
a program | A program is a list of instructions for a computer.
software | Software is the set of programs that run on a computer.
the internet | The Internet is a network that connects computers all over the world.
a website | A website is a set of pages that you can read on the Internet.
a robot | A robot is a machine that can do work by itself.
artificial intelligence | Artificial intelligence is the study of programs that do things for which people need intelligence.
machine learning | Machine learning is a way to make programs that learn from examples.
a neural network | A neural network is a program made of simple units that learns from examples.
python | Python is a programming language that is easy to read and to learn.
javascript | JavaScript is a programming language that runs in web browsers and on servers.
a database | A database is a program that stores information so that it can be found again.
a server | A server is a computer or a program that answers requests from other programs.
docker | Docker is a tool that runs programs in containers.
kubernetes | Kubernetes is a system that runs containers on many machines.
a telephone | A telephone is a device with which people talk over long distances.
a car | A car is a vehicle with four wheels and an engine.
a train | A train is a long vehicle that runs on rails.
an airplane | An airplane is a machine with wings that flies through the air.
a ship | A ship is a large boat that travels on the sea.
a bicycle | A bicycle is a vehicle with two wheels that you move with your feet.
a house | A house is a building in which people live.
a family | A family is a group of people who are related, such as parents and children.
a friend | A friend is a person whom you know and like.
love | Love is a strong feeling of caring for someone.
happiness | Happiness is the feeling of being glad and content.
time | Time is what clocks measure. It passes in seconds, minutes, hours and days.
a year | A year is the time the Earth needs to move around the Sun. It has about 365 days.
winter | Winter is the coldest season of the year.
summer | Summer is the warmest season of the year.
london | London is the capital of England and of the United Kingdom.
paris | Paris is the capital of France.
europe | Europe is a continent with many countries, such as France, Germany and Italy.
africa | Africa is a large continent with many countries.
asia | Asia is the largest continent.
the united states | The United States is a large country in North America.
china | China is a large country in Asia.
india | India is a large country in Asia.
france | France is a country in Europe. Its capital is Paris.
germany | Germany is a country in Europe. Its capital is Berlin.
japan | Japan is an island country in Asia. Its capital is Tokyo.
"""

QUESTIONS = """
What color is the sky?;What colour is the sky? | The sky is blue on a clear day.
Why is the sky blue? | The sky is blue because the air scatters blue light more than red light.
What color is grass?;What colour is grass? | Grass is green.
What color is snow?;What colour is snow? | Snow is white.
What color is blood?;What colour is blood? | Blood is red.
What color is a banana?;What colour are bananas? | A banana is yellow.
How many days are in a week?;How many days does a week have? | There are seven days in a week.
How many months are in a year?;How many months does a year have? | There are twelve months in a year.
How many days are in a year?;How many days does a year have? | There are 365 days in a year, and 366 in a leap year.
How many hours are in a day?;How many hours does a day have? | There are 24 hours in a day.
How many minutes are in an hour? | There are 60 minutes in an hour.
How many seconds are in a minute? | There are 60 seconds in a minute.
How many legs does a dog have?;How many legs has a dog? | A dog has four legs.
How many legs does a spider have? | A spider has eight legs.
How many legs does an insect have? | An insect has six legs.
How many planets are there?;How many planets are in the solar system? | There are eight planets in the solar system.
How many continents are there? | There are seven continents.
What is the largest planet?;Which planet is the biggest? | Jupiter is the largest planet in the solar system.
What is the largest ocean?;Which ocean is the biggest? | The Pacific Ocean is the largest ocean.
What is the largest animal?;Which animal is the biggest? | The blue whale is the largest animal.
What is the tallest animal? | The giraffe is the tallest animal.
What is the fastest animal on land? | The cheetah is the fastest animal on land.
What is the highest mountain?;What is the tallest mountain in the world? | Mount Everest is the highest mountain in the world.
Who wrote Romeo and Juliet?;Who wrote Hamlet? | William Shakespeare wrote it.
Who was William Shakespeare?;Who is Shakespeare? | William Shakespeare was an English writer of plays and poems.
Who was Albert Einstein?;Who is Einstein? | Albert Einstein was a physicist who developed the theory of relativity.
Who was Isaac Newton? | Isaac Newton was an English scientist who described the laws of motion and gravity.
Who was Charles Darwin? | Charles Darwin was an English scientist who described evolution by natural selection.
Who was Napoleon? | Napoleon was a French general who became emperor of France.
Who was George Washington?;Who was the first president of the United States? | George Washington was the first president of the United States.
Who was Abraham Lincoln? | Abraham Lincoln was president of the United States during the Civil War.
Who was Mozart? | Mozart was a composer from Austria.
Who painted the Mona Lisa? | Leonardo da Vinci painted the Mona Lisa.
At what temperature does water boil?;When does water boil? | Water boils at 100 degrees Celsius.
At what temperature does water freeze?;When does water freeze? | Water freezes at 0 degrees Celsius.
What do cows eat? | Cows eat grass.
What do cats eat? | Cats eat meat and fish.
What do bees make? | Bees make honey.
What do plants need?;What do plants need to grow? | Plants need light, water and air.
Where do fish live? | Fish live in water.
Where does the sun rise? | The Sun rises in the east.
Where does the sun set? | The Sun sets in the west.
Which day comes after Monday?;What day comes after Monday? | Tuesday comes after Monday.
Which month comes after June? | July comes after June.
What is the first letter of the alphabet? | The first letter of the alphabet is A.
What is the last letter of the alphabet? | The last letter of the alphabet is Z.
Say the alphabet;Recite the alphabet.;What is the alphabet? | A, B, C, D, E, F, G, H, I, J, K, L, M, N, O, P, Q, R, S, T, U, V, W, X, Y, Z.
Can dogs fly?;Can a dog fly? | No, dogs cannot fly.
Can birds fly? | Yes, most birds can fly.
Can fish swim? | Yes, fish can swim.
Is the earth flat? | No, the Earth is round.
Is water wet? | Yes, water is wet.
Is the sun a star? | Yes, the Sun is a star.
Is a whale a fish? | No, a whale is a mammal.
Is a tomato a fruit? | Yes, a tomato is a fruit, although it is cooked like a vegetable.
Is ice cold? | Yes, ice is cold.
Is fire hot? | Yes, fire is hot.
Why do we sleep?;Why do people sleep? | We sleep so that the body and the brain can rest.
Why do we eat?;Why do people need food? | We eat because food gives the body energy.
Why do birds fly? | Birds fly to find food and to get away from danger.
Why is the sea salty? | The sea is salty because rivers carry salt from rocks into it.
How do plants grow? | Plants grow from seeds. They need light, water and air.
How do airplanes fly? | Airplanes fly because air that moves past their wings lifts them up.
How do I make tea?;How can I make tea?;How do you make tea? | Boil some water, pour it over the tea and wait a few minutes.
How do I boil an egg?;How do you boil an egg?;How to boil an egg | Put the egg in boiling water for about eight minutes.
How do I make a sandwich? | Put some cheese and a slice of tomato between two slices of bread.
How do I sleep better?;How can I sleep well? | Go to bed at the same time every day, and keep your room dark and quiet.
How can I learn English?;How do I learn a language? | Read, listen and speak a little every day.
How do I stay healthy?;How can I be healthy? | Eat well, sleep enough and move every day.
How do I learn to program?;How can I learn programming? | Start with a simple language such as Python, and write small programs every day.
I am sad;I feel sad.;I'm sad today | I am sorry to hear that. Do you want to talk about it?
I am happy;I feel great!;I'm so happy today | I am glad to hear that!
I am tired;I'm tired.;I feel tired | Then you should rest a little.
I am bored;I'm bored.;I'm so bored | You could read a book, take a walk or call a friend.
I am hungry;I'm hungry. | You could eat a sandwich or some fruit.
I am sick;I don't feel well. | I am sorry to hear that. Please rest, and see a doctor if it does not get better.
Do you like music?;What music do you like? | I am only a program, but many people like music.
Do you like animals?;What is your favorite animal?;What is your favourite animal? | I am only a program, but I like to talk about cats and dogs.
What is your favorite color?;What is your favourite colour?;Do you have a favorite color? | I am only a program, but blue is a nice color.
What is your favorite food?;What do you like to eat? | I am only a program, so I do not eat.
What is your favorite book?;Do you like books? | I do not have a favorite book, but I learned a lot from books.
Can we be friends?;Will you be my friend?;Are you my friend? | Yes, I am happy to chat with you.
What is the meaning of life?;What is the purpose of life? | People give many answers to this. Many say that it is to be happy and to help others.
Can you write code?;Can you program?;Write some code | I am too small to write good code. A larger model can help you.
Can you translate this?;Translate this into French | I am sorry, I only know English.
Can you do math?;Are you good at math?;Can you calculate? | I can add small numbers, but I make mistakes. A calculator is better.
Test;test;This is a test;testing;Testing, testing | I can read you. The test works.
Are you there?;Are you listening?;Can you hear me? | Yes, I am here. How can I help you?
Ping;ping | Pong!
Yes;yes;Yes please;Sure | Good. What would you like to know?
No;no;No thanks;Nope | All right. Let me know if you need anything.
Ok;ok;OK;Okay;I see;Alright | Good. Is there anything else I can do for you?
Sorry;I'm sorry;My apologies | No problem at all!
Please;Please help;Can you help?;I have a question;Can I ask you something?;I need an answer | Of course. What would you like to know?
Why?;why;Why not? | That is a good question, but I am not sure. Could you tell me more?
What?;what;Huh?;Pardon? | I am sorry, I was not clear. What would you like to know?
Tell me something;Say something;Talk to me;Tell me something interesting;Tell me a fun fact;Tell me a fact;Give me a fact | Here is a fact: a day on Venus is longer than its year.
Surprise me;Tell me another fact;One more fact | Here is a fact: an octopus has three hearts.
Tell me a joke;Do you know a joke?;Make me laugh;Say something funny;Tell me a joke please;Can you tell a joke? | Why did the book go to the doctor? Because it had a bad story.
Tell me another joke;Another joke please;Another one | What do you call a sleeping bull? A bulldozer.
What should I do today?;What can I do today?;Give me an idea | You could take a walk, read a book or cook something nice.
What should I eat?;What should I cook tonight?;What should I have for dinner? | You could make soup, rice with vegetables or a simple salad.
Give me some advice;Do you have any advice?;Give me advice | Take one small step every day, and be kind to others.
Motivate me;Say something nice;Give me a compliment;Cheer me up | You are doing well. Keep going!
"""


def parse_subjects():
    return [tuple(part.strip() for part in line.split("|")) for line in SUBJECTS.strip().splitlines()]


def parse_questions():
    rows = [line.split("|") for line in QUESTIONS.strip().splitlines()]
    return [([question.strip() for question in questions.split(";")], answer.strip()) for questions, answer in rows]
