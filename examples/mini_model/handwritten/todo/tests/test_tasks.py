from todo.tasks import TodoList


def test_add():
    todo = TodoList()
    todo.add("buy milk")
    assert todo.open_tasks() == ["buy milk"]


def test_complete():
    todo = TodoList()
    todo.add("buy milk")
    todo.add("call mum")
    todo.complete("buy milk")
    assert todo.open_tasks() == ["call mum"]
