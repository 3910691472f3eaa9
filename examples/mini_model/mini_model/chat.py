"""What people say, and what stands before it."""

from __future__ import annotations

import random

from mini_model.names import invented, noun

SYSTEM = (
    "You are qwen-code's demonstration model: you repair one-line bugs that tests show. Run the tests, find the "
    "function, read it, change a line, test again. Begin with `Not done:` if they fail."
)

_VERBS = (
    "fix",
    "repair",
    "please fix",
    "Fix",
    "Repair",
    "Please repair",
    "can you fix",
    "go and fix",
    "debug",
    "correct",
    "find and fix",
    "try to fix",
    "you should fix",
    "I need you to fix",
    "solve",
    "help me fix",
)
_OBJECTS = (
    "the failing test",
    "the failing tests",
    "the test",
    "the tests",
    "the broken test",
    "the bug",
    "the bug in this package",
    "this",
    "it",
    "the red test",
    "the test failure",
    "what is broken",
    "my code",
    "the code",
    "the test suite",
    "the failing unit test",
    "the error",
    "the unit tests",
    "the failure",
    "this bug",
    "my tests",
    "whatever is wrong",
)
_COMPOSED = tuple(
    f"{verb} {thing}{end}"
    for verb in _VERBS
    for thing in _OBJECTS
    for end in ("", ".", "", "!", ", please", " and run the tests", " so that the tests pass")
)
REQUESTS = (
    *_COMPOSED,
    "make the tests pass",
    "Make the tests pass.",
    "make the test green",
    "make it green",
    "get the tests to pass",
    "the tests fail",
    "The tests are failing.",
    "a test is failing, please fix the bug",
    "tests are red, fix it",
    "pytest fails",
    "why does the test fail? fix it",
    "there is a bug, find it",
    "Find the bug.",
    "one test fails, repair it",
    "The tests fail. Find the cause and repair it.",
    "something is wrong here, please repair it",
    "run the tests and fix what fails",
    "Run the tests and repair the bug they show.",
    "one of the tests is red",
    "please make pytest pass",
    "the build is red because of a failing test",
)
GREETINGS = (
    "hello",
    "Hello!",
    "hi",
    "Hi there",
    "hey",
    "good morning",
    "Good evening!",
    "who are you?",
    "what are you",
    "What can you do?",
    "what can you do for me",
    "help",
    "how are you?",
    "thanks",
    "thank you",
    "Thank you!",
    "ok",
    "bye",
    "are you there?",
    "what model are you",
    "What is your name?",
    "hello, who is this?",
    "yo",
    "great",
    "nice",
    "test",
    "can you help me?",
    "what is this?",
    "how do you work",
    "are you an AI",
    "Which model is this?",
    "hi!",
    "hey there",
    "howdy",
    "cool",
    "good",
    "well done",
)

GO_ON = (
    "go on",
    "continue",
    "Continue.",
    "Go on.",
    "please continue",
    "keep going",
    "go ahead",
    "and now?",
    "next",
    "fix the failing test",
    "fix it",
    "finish it",
    "carry on",
    "proceed",
)


def UNRELATED(rng: random.Random) -> str:
    """Something that takes more than a repair."""
    n, m, w = noun(rng), noun(rng), invented(rng)
    return rng.choice(
        (
            f"write a {n} for {m}",
            f"Write a web server with a {n} page",
            f"add a {n} function to {m}",
            f"explain {n}",
            f"Explain how the {n} works.",
            f"what is {n}?",
            f"create a {n}",
            f"Create a new file {w}.py with a {n} class.",
            f"rename {n} to {m}",
            f"refactor the {n} module",
            f"add tests for {n}",
            f"translate {n} into French",
            f"tell me a joke about {n}",
            f"write a poem about a {n}",
            f"delete {n}",
            f"install {w}",
            "commit the changes",
            "what is the capital of France?",
            f"implement {n} in Rust",
            f"build me a {n} app",
            f"document the {n} function",
            f"make {n} faster",
            f"upgrade {w} to version 2",
            f"how many {n}s are there?",
            "what is 2 + 2?",
            "summarize this project",
            f"review my {n}",
            f"generate a {n} report",
            f"deploy the {n}",
            f"convert {n} to {m}",
            "list all files",
            "show me the git log",
            f"search for {n}",
            f"write a function that returns the {n} of a {m}",
            f"Add a {n} option to the command line.",
            f"draw a {n}",
            f"what does {w} do?",
            f"where is {n} defined?",
            f"remove the {n} field",
        )
    ) + rng.choice(("", "", ".", " please"))
