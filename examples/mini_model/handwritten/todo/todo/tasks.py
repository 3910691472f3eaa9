"""A very small to-do list."""


class TodoList:
    def __init__(self):
        self._tasks = {}

    def add(self, title):
        self._tasks[title] = False

    def complete(self, title):
        if title not in self._tasks:
            raise KeyError(title)
        self._tasks[title] = False

    def open_tasks(self):
        return [title for title, done in self._tasks.items() if not done]
