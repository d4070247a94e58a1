"""Makes the starter model's own dialogues: greetings, who it is, Galley, small facts, lists, refusals, names, tool calls.

A dialogue is a list of (role, text). Everything comes from one random generator, so the same seed gives the same dialogues.
"""
import json

from chat_format import tool_system_text
from own_facts import parse_questions, parse_subjects
from own_phrases import (CAPITALS, CITIES, COMPLAINT_ANSWERS, COMPLAINTS, FAREWELL_ANSWERS, FAREWELLS, GALLEY, GIRLS, GREETING_ANSWERS,
                         GREETINGS, IDENTITY, LISTS, MOOD_ANSWERS, MOOD_QUESTIONS, NAMES, NO_PASSAGE_ANSWERS, NUMBER_WORDS, OBSCURE_SUBJECTS,
                         OPENERS, OPPOSITES, POEMS, PRAISE, PRAISE_ANSWERS, SOUNDS, SYSTEM_PROMPTS, THANKS, THANKS_ANSWERS, TOO_HARD,
                         TOO_HARD_ANSWERS, UNABLE_ANSWERS, UNKNOWABLE, UNKNOWABLE_ANSWERS)

FACT_SUBJECTS, FACT_QUESTIONS = parse_subjects(), parse_questions()
FACT_WORDS = [subject.split(" ")[-1] for subject, _ in FACT_SUBJECTS]
ABOUT = ["What is {}?", "What is {}?", "Tell me about {}.", "Explain {}.", "Describe {}.", "What do you know about {}?", "Can you tell me about {}?", "Can you explain {}?",
         "Explain what {} is.", "Please explain {}.", "Define {}.", "What does {} mean?", "{}", "Write a sentence about {}.", "Explain {} in one sentence.", "Explain {} in simple words."]
OBSCURE = ["What is {}?", "Tell me about {}.", "Who is {}?", "What do you know about {}?", "When was {} famous?", "Explain {}.", "Why is {} important?"]
LIST_REQUESTS = ["List {n} {what}.", "Name {n} {what}.", "Give me {n} {what}.", "Tell me {n} {what}.", "Can you list {n} {what}?", "Write a list of {n} {what}.", "Please name {n} {what}", "{n} {what}"]


def choose(generator, items):
    return items[generator.randrange(len(items))]


def vary(generator, text):
    """People type without capitals and full stops; the model must not mind."""
    if generator.random() < 0.12 and len(text.split()) > 2:
        text = choose(generator, OPENERS) + text[0].lower() + text[1:]
    draw = generator.random()
    if draw < 0.15:
        text = text[0].lower() + text[1:]
    elif draw < 0.25:
        text = text.lower()
    if generator.random() < 0.2:
        text = text.rstrip(".?!")
    return text or "?"


def plural(noun):
    if noun in ("fish", "rice", "bread"):
        return noun
    return noun[:-1] + "ies" if noun.endswith("y") and noun[-2] not in "aeo" else noun + ("es" if noun.endswith(("s", "x", "ch", "sh")) else "s")


def unknowable(generator):
    question = choose(generator, UNKNOWABLE)
    return question, choose(generator, UNABLE_ANSWERS if question.startswith(("Can ", "Search", "Send", "Book", "Play")) else UNKNOWABLE_ANSWERS)


def small_talk(generator, size):
    pair = choose(generator, [(GREETINGS, GREETING_ANSWERS), (GREETINGS, GREETING_ANSWERS), (MOOD_QUESTIONS, MOOD_ANSWERS), (THANKS, THANKS_ANSWERS),
                              (FAREWELLS, FAREWELL_ANSWERS), (PRAISE, PRAISE_ANSWERS), (COMPLAINTS, COMPLAINT_ANSWERS)])
    return choose(generator, pair[0]), choose(generator, pair[1])


def identity(generator, size):
    questions, answers = choose(generator, IDENTITY)
    return choose(generator, questions), choose(generator, answers).format(size=size)


def galley(generator, size):
    questions, answers = choose(generator, GALLEY)
    return choose(generator, questions), choose(generator, answers)


def everyday_fact(generator, size):
    if generator.random() < 0.55:
        subject, answer = choose(generator, FACT_SUBJECTS)
        bare = subject.split(" ", 1)[1] if subject.split(" ")[0] in ("a", "an", "the") else subject
        style = choose(generator, ABOUT)
        if generator.random() < 0.25:  # "Tell me about dogs." is the same wish as "about a dog"
            style = choose(generator, ["Tell me about {}.", "What are {}?", "Explain {}.", "What do you know about {}?", "Describe {}."]) if subject.startswith(("a ", "an ")) else style
            subject = plural(bare) if subject.startswith(("a ", "an ")) else bare
        return style.format(subject), answer
    questions, answer = choose(generator, FACT_QUESTIONS)
    return choose(generator, questions), answer


def capital(generator, size):
    country, city = (part.replace("_", " ") for part in choose(generator, CAPITALS).split(" "))
    draw = generator.random()
    if draw < 0.7:
        question = choose(generator, ["What is the capital of {}?", "What's the capital of {}?", "Which city is the capital of {}?", "Tell me the capital of {}.", "Capital of {}?", "Name the capital of {}."])
        return question.format(country), f"The capital of {country} is {city}."
    question = choose(generator, ["Where is {}?", "In which country is {}?", "Which country is {} in?"])
    return question.format(city), f"{city} is in {country}."


def word_game(generator, size):
    if generator.random() < 0.6:
        pair = choose(generator, OPPOSITES).split(" ")
        one, other = pair if generator.random() < 0.5 else pair[::-1]
        return choose(generator, ["What is the opposite of {}?", "Opposite of {}?", "Tell me the opposite of {}."]).format(one), f"The opposite of {one} is {other}."
    animal, sound = choose(generator, SOUNDS).split(" ")
    return choose(generator, ["What sound does a {} make?", "What does a {} say?"]).format(animal), f"A {animal} {sound}."


def arithmetic(generator, size):
    a, b = generator.randrange(11), generator.randrange(11)
    if generator.random() < 0.2:
        question = choose(generator, ["What is {} times {}?", "What is {} * {}?", "{} divided by {}", "What is the square root of {}{}?", "Calculate {} x {}.", "What is {} + {}?"])
        return question.format(generator.randrange(12, 999), generator.randrange(12, 999)), "That is too hard for me. Please use a calculator."
    if generator.random() < 0.7:
        question, answer = choose(generator, ["What is {} + {}?", "{} + {}", "What is {} plus {}?", "{}+{}=?", "How much is {} plus {}?"]), f"{a} + {b} = {a + b}."
    else:
        a, b = max(a, b), min(a, b)
        question, answer = choose(generator, ["What is {} - {}?", "What is {} minus {}?", "How much is {} minus {}?"]), f"{a} - {b} = {a - b}."
    return question.format(a, b), answer


def make_list(generator, size):
    if generator.random() < 0.12:
        end = choose(generator, [3, 5, 10, 10])
        return choose(generator, ["Count to {}.", "Count from 1 to {}.", "Can you count to {}?"]).format(end), ", ".join(str(number) for number in range(1, end + 1)) + "."
    what = choose(generator, sorted(LISTS))
    items, style = LISTS[what], choose(generator, LIST_REQUESTS)
    if generator.random() < 0.25:
        count = min(3, len(items))
        request = choose(generator, ["List some {}.", "Give me some {}.", "Name some {}.", "Can you name a few {}?", "What are some {}?", "Give me examples of {}."]).format(what)
    else:
        count = generator.randrange(2, min(5, len(items)) + 1)
        request = style.format(n=choose(generator, [NUMBER_WORDS[count], str(count)]), what=what)
    if what in ("seasons", "days of the week", "continents", "planets") and generator.random() < 0.3:
        request, count = choose(generator, [f"What are the {what}?", f"Name all {what}.", f"List the {what}."]), len(items)
    if generator.random() < 0.5:
        return request, "\n".join(f"{number}. {item[0].upper() + item[1:]}" for number, item in enumerate(items[:count], 1))
    return request, ", ".join(items[:count - 1]).capitalize() + f" and {items[count - 1]}."


def refusal(generator, size):
    if generator.random() < 0.5:
        return unknowable(generator)
    return choose(generator, OBSCURE).format(choose(generator, OBSCURE_SUBJECTS)), choose(generator, NO_PASSAGE_ANSWERS)


def too_hard(generator, size):
    return choose(generator, TOO_HARD).format(choose(generator, FACT_SUBJECTS)[0]), choose(generator, TOO_HARD_ANSWERS)


def poem(generator, size):
    subject = choose(generator, sorted(POEMS))
    request = choose(generator, ["Write a poem about {}.", "Write a short poem about {}.", "Tell me a poem about {}.", "Can you write a poem about {}?", "A poem about {}, please."]).format(subject)
    return (choose(generator, ["Write a poem.", "Tell me a poem.", "Write a short poem."]) if generator.random() < 0.2 else request), POEMS[subject]


def echo(generator, size):
    words = " ".join(choose(generator, FACT_SUBJECTS)[0].split(" ")[-1] for _ in range(generator.randrange(1, 5)))
    return choose(generator, ["Repeat after me: {}", "Say: {}", "Repeat this: {}", "Please repeat: {}"]).format(words), words


def story(generator, size):
    name, animal = choose(generator, NAMES), choose(generator, ["dog", "cat", "bird", "horse", "mouse", "rabbit", "fox", "duck", "lion", "bear"])
    place = choose(generator, ["in the garden", "by the river", "in the forest", "in a small house", "near the sea", "on a farm"])
    thing = choose(generator, ["a red ball", "a small boat", "an old key", "a shiny stone", "a big apple", "a lost child"])
    end = choose(generator, ["From that day on, they were friends.", "They were happy and went home together.", "Everybody was glad.", "Then they went home and slept well."])
    request = choose(generator, ["Tell me a story about a {}.", "Write a short story about a {}.", "Tell me a short story about a {}.", "Write a story about a {}.", "Can you tell me a story about a {}?"]).format(animal)
    if generator.random() < 0.3:
        request = choose(generator, ["Tell me a story.", "Write a short story.", "Tell me a short story", "Write a story.", "Once upon a time"])
    child = f"a {'girl' if name in GIRLS else 'boy'} called {name}"
    if generator.random() < 0.5:
        return request, (f"Once upon a time there was a little {animal} that lived {place}. One day the {animal} found {thing}. "
                         f"It showed {thing.replace('an ', 'the ').replace('a ', 'the ', 1)} to {child}. {end}")
    return request, f"Once upon a time there was a little {animal}. It lived {place} with {child}. One day they found {thing}. {end}"


SINGLE_TURNS = [(small_talk, 20), (identity, 16), (galley, 12), (everyday_fact, 26), (capital, 6), (word_game, 4), (arithmetic, 4), (make_list, 10), (refusal, 6), (too_hard, 5),
                (poem, 3), (echo, 2), (story, 5)]


def single_turn(generator, size):
    makers, weights = zip(*SINGLE_TURNS)
    question, answer = generator.choices(makers, weights)[0](generator, size)
    return [("user", vary(generator, question)), ("assistant", answer)]


def name_memory(generator, size):
    name = choose(generator, NAMES)
    turns = [("user", choose(generator, ["My name is {}.", "I am {}.", "Hi, I'm {}.", "Hello, my name is {}!", "Call me {}."]).format(name)),
             ("assistant", choose(generator, ["Hello {}! Nice to meet you.", "Nice to meet you, {}! How can I help you?"]).format(name))]
    if generator.random() < 0.4:
        turns += single_turn(generator, size)
    return turns + [("user", choose(generator, ["What is my name?", "Do you remember my name?", "Who am I?", "What's my name?"])), ("assistant", f"Your name is {name}.")]


def tool_call(generator, size):
    city, topic = choose(generator, CITIES), choose(generator, NAMES + CITIES + FACT_WORDS)
    a, b = generator.randrange(100), generator.randrange(100)
    degrees, sky = generator.randrange(-5, 36), choose(generator, ["sunny", "cloudy", "rainy", "windy"])
    cases = [
        ("get_weather", "Get the weather of a city", {"city": "string"}, choose(generator, ["What is the weather in {}?", "How is the weather in {}?", "Weather in {}", "Is it warm in {}?"]).format(city),
         {"city": city}, {"temperature": degrees, "sky": sky}, f"It is {sky} in {city}, with {degrees} degrees."),
        ("get_time", "Get the current time in a city", {"city": "string"}, choose(generator, ["What time is it in {}?", "Tell me the time in {}."]).format(city),
         {"city": city}, {"time": f"{a % 24:02d}:{b % 60:02d}"}, f"It is {a % 24:02d}:{b % 60:02d} in {city}."),
        ("add", "Add two numbers", {"a": "number", "b": "number"}, choose(generator, ["What is {} + {}?", "Add {} and {}."]).format(a, b), {"a": a, "b": b}, a + b, f"The sum is {a + b}."),
        ("search", "Search the documents", {"query": "string"}, choose(generator, ["Search for {}.", "Find documents about {}."]).format(topic), {"query": topic}, [], f"I found nothing about {topic}."),
    ]
    tools = [{"type": "function", "function": {"name": case[0], "description": case[1], "parameters": {"type": "object", "properties": {key: {"type": kind} for key, kind in case[2].items()}, "required": list(case[2])}}}
             for case in generator.sample(cases, 2)]
    used = generator.choice([case for case in cases if case[0] in [tool["function"]["name"] for tool in tools]])
    system = tool_system_text(choose(generator, SYSTEM_PROMPTS) if generator.random() < 0.5 else "", tools[:1] if tools[0]["function"]["name"] == used[0] and generator.random() < 0.5 else tools)
    if generator.random() < 0.15:
        return [("system", system)] + single_turn(generator, size)
    call = json.dumps({"name": used[0], "arguments": used[4]})
    turns = [("system", system), ("user", used[3]), ("assistant", f"<tool_call>\n{call}\n</tool_call>")]
    return turns + [("tool", json.dumps(used[5])), ("assistant", used[6])] if generator.random() < 0.5 else turns


def dialogue(generator, size):
    draw = generator.random()
    if draw < 0.08:
        return tool_call(generator, size)
    if draw < 0.12:
        turns = name_memory(generator, size)
    elif draw < 0.65:
        turns = single_turn(generator, size)
    else:
        turns = [turn for _ in range(generator.randrange(2, 5)) for turn in single_turn(generator, size)]
        if generator.random() < 0.3:
            turns = [("user", choose(generator, GREETINGS)), ("assistant", choose(generator, GREETING_ANSWERS))] + turns
        if generator.random() < 0.3:
            turns += [("user", choose(generator, THANKS)), ("assistant", choose(generator, THANKS_ANSWERS))]
    return with_system(generator, turns)


def with_system(generator, turns, share=0.5):
    return [("system", choose(generator, SYSTEM_PROMPTS))] + turns if generator.random() < share else turns
