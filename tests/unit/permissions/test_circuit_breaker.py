from __future__ import annotations

import pytest

from tests.unit.permissions.judging import lines, verdict

CATASTROPHES = lines(
    r"""
    rm -rf /
    rm -rf /*
    rm -r -f ~
    rm --recursive --force ~/
    rm -fr "$HOME"/*
    rm -rf ${HOME}
    rm -rf /etc
    rm -rf ..
    rm -rf /home/ada
    rm -rf build /
    rm -rf {/,x}
    rm -rf /e*
    rm -rf *
    rm -rf .
    rm -rf "$PWD"
    cd build; rm -rf *
    echo x > /dev/sda
    find -L / -delete
    rm -rf ~root
    sudo /bin/rm -rf /
    \rm -rf '/'
    timeout 5 nohup rm -rf / &
    sh -c 'rm -rf ~'
    find . -exec rm -rf / \;
    cd / && rm -rf *
    cd ~; rm -rf ./*
    cd "$X" && rm -rf *
    x=/; rm -rf $x
    rm -rf $X/
    rm -rf "$X"/*
    rm -rf $(echo /)
    $RM -rf /
    for d in /etc x; do rm -rf $d; done
    find / -delete
    find ~ -exec rm {} +
    chmod -R 777 /
    chown -R ada ~
    mv ~ /tmp
    dd if=/dev/zero of=/dev/sda
    mkfs.ext4 /dev/sda1
    :(){ :|:& };:
    """
)


@pytest.mark.parametrize("mode", ["default", "auto", "yolo"])
@pytest.mark.parametrize("command", CATASTROPHES)
def test_a_catastrophe_is_asked_about_whatever_mode_and_rules_say(command: str, mode: str) -> None:
    assert verdict(command, allow=["Bash", "Bash(rm:*)"], mode=mode, sandboxed=True) == "ask"


@pytest.mark.parametrize("command", CATASTROPHES)
def test_a_rule_may_still_deny_it(command: str) -> None:
    assert verdict(command, deny=["Bash"]) == "deny"


@pytest.mark.parametrize(
    "command",
    lines(
        r"""
        rm -rf build
        rm -rf ./build node_modules
        cd build && rm -rf *
        rm -rf src/*
        rm -rf *.o
        rm -rf "$PWD/build"
        rm -rf $X/build
        rm -rf "$TMP"
        rm -rf /tmp/x
        rm /etc/x
        rm -rf ~/.cache/x
        find . -delete
        chmod -R u+w .
        dd if=a of=b
        mv a ..
        """
    ),
)
def test_ordinary_removals_run_in_yolo(command: str) -> None:
    assert verdict(command, mode="yolo") == "allow"
