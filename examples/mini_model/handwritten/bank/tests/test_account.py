import pytest

from bank import Account, InsufficientFunds


@pytest.fixture
def account():
    return Account("Ada", 100)


def test_deposit(account):
    account.deposit(50)
    assert account.balance == 150


def test_withdraw_everything(account):
    account.withdraw(100)
    assert account.balance == 0


def test_withdraw_too_much(account):
    with pytest.raises(InsufficientFunds):
        account.withdraw(101)
