"""Holds scripts/check-commits and the hook that calls it to what they promise, in a repository of their own. TAP for Meson."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHECK = ROOT / "scripts/check-commits"
HOOKS = ROOT / "scripts/hooks"

RIGHT = [
    "door: refuse what would be pressed too late",
    "agent, mqtt: tell restarts from a shared client id",
    "docs: api: describe what a second CLOSE does",
    "src/door: pass the time as an argument",
    "test: embed the broker's certificate",
    "base: " + "x" * 66,  # 72 characters
    "docs: name Gießen, " + "ü" * 53,  # 72 characters, but more bytes
]
WRONG = [
    ("wip", "not of the form"),
    ("refuse what would be pressed too late", "not of the form"),
    ("Door: refuse what would be pressed too late", "not of the form"),
    ("door:refuse what would be pressed too late", "not of the form"),
    ("door: ", "not of the form"),
    ("door: refuses what would be pressed too late", "not imperative"),
    ("door: refused what would be pressed too late", "not imperative"),
    ("door: refusing what would be pressed too late", "not imperative"),
    ("door: a late press is refused", "not imperative"),
    ("docs: api: the second CLOSE", "not imperative"),
    ("door: WIP", "not imperative"),
    ("base: " + "x" * 67, "73 characters"),
    ("door: refuse what would be pressed too late.", "full stop"),
]

cases = 0
failed = 0


def check(good, what):
    global cases, failed
    cases += 1
    failed += not good
    print(f"{'' if good else 'not '}ok {cases} - {what}".replace("#", " "))


class Repository:
    """A repository with one commit, which breaks the rule, and the commands that a developer gives in it."""

    def __init__(self, folder):
        self.folder = folder
        self.environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
        self.environment.update(GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_SYSTEM="/dev/null", GIT_AUTHOR_NAME="a",
                                GIT_AUTHOR_EMAIL="a@example.org", GIT_COMMITTER_NAME="a", GIT_COMMITTER_EMAIL="a@example.org")
        self.git("init", "-q", "-b", "main", ".")
        self.base = self.commit("wip")

    def run(self, *command):
        return subprocess.run([str(word) for word in command], cwd=self.folder, env=self.environment, text=True,
                              capture_output=True, check=False, stdin=subprocess.DEVNULL)

    def git(self, *words):
        ran = self.run("git", *words)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout.strip()

    def commit(self, message):
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    def check(self, *words):
        return self.run(CHECK, "--base", self.base, *words)


def subjects(folder):
    repository = Repository(folder)
    check(repository.check().returncode == 0, "what the base itself is called does not matter")
    for subject in RIGHT:
        repository.commit(subject)
    ran = repository.check()
    check(ran.returncode == 0 and ran.stdout == "", f"right subjects are taken without a word: {ran.stdout}")
    for subject, why in WRONG:
        before = repository.git("rev-parse", "HEAD")
        # As somebody who calls git-commit-tree might: porcelain strips spaces and empty lines.
        name = repository.git("commit-tree", "-p", "HEAD", "-m", subject, "HEAD^{tree}")
        repository.git("reset", "-q", "--soft", name)
        ran = repository.check(f"{before}..HEAD")
        check(ran.returncode == 1 and why in ran.stdout and name[:7] in ran.stdout, f"{subject!r}: {why}")
    check(repository.check(f"{repository.base}..HEAD~{len(WRONG)}").returncode == 0, "a range ends where it says")
    ran = repository.check()
    check(ran.returncode == 1 and len({line.split(":")[0] for line in ran.stdout.splitlines()}) == len(WRONG),
          "without a range every commit after the base is looked at")


def bodies_and_merges(folder):
    repository = Repository(folder)
    repository.commit("door: refuse a late press\n\nThe body is free. wip: anything, of any length, " + "x" * 100)
    check(repository.check().returncode == 0, "a body is not looked at")
    repository.git("checkout", "-q", "-b", "side")
    repository.commit("door: count presses")
    repository.git("checkout", "-q", "main")
    repository.git("merge", "-q", "--no-ff", "-m", "Merge branch 'side'", "side")
    check(repository.check().returncode == 0, "a merge is not looked at")
    repository.commit("door: refuse a late press\nand one more thing in the second line")
    check(repository.check().returncode == 0, "a subject is the first line, though no empty line follows")


def unavailable(folder):
    repository = Repository(folder)
    check(repository.check("nowhere..HEAD").returncode == 2, "an unknown range cannot be checked")
    ran = repository.run(CHECK)
    check(ran.returncode == 2 and "does not have" in ran.stderr, "a history without the base cannot be checked")
    repository.commit("door: count presses")
    shallow = folder + "/shallow"
    repository.git("clone", "-q", "--depth", "1", "file://" + folder, shallow)
    check(repository.run("git", "-C", shallow, "cat-file", "-e", repository.base).returncode != 0, "a shallow clone lacks the base")
    ran = subprocess.run([CHECK, "--base", repository.base], cwd=shallow, env=repository.environment, capture_output=True,
                         check=False)
    check(ran.returncode == 0, "and what it has is checked")
    with tempfile.TemporaryDirectory() as nothing:
        ran = subprocess.run([CHECK], cwd=nothing, env=repository.environment, capture_output=True, check=False)
    check(ran.returncode == 2, "a folder without a history cannot be checked")


def hooks(folder):
    repository = Repository(folder)
    pathlib.Path(folder, "scripts").symlink_to(ROOT / "scripts")
    repository.git("config", "core.hooksPath", str(HOOKS))
    refused = repository.run("git", "commit", "--allow-empty", "-m", "adds something")
    check(refused.returncode != 0 and "not of the form" in refused.stdout + refused.stderr, "the hook refuses a wrong subject")
    taken = repository.run("git", "commit", "--allow-empty", "-m", "door: count presses")
    check(taken.returncode == 0, f"the hook takes a right one {taken.stderr}")
    repository.git("checkout", "-q", "-b", "side", "HEAD~1")
    repository.commit("door: refuse a late press")
    merged = repository.run("git", "merge", "--no-ff", "-m", "Merge branch 'main'", "main")
    check(merged.returncode == 0, f"the hook lets a merge through {merged.stderr}")

    # A clang-format that finds fault with whatever has two spaces in a row.
    fake = pathlib.Path(folder, "fake-format")
    fake.write_text("#!/bin/sh\n! grep -q '  '\n")
    fake.chmod(0o755)
    file = pathlib.Path(folder, "a.c")

    def staged(text):
        file.write_text(text)
        repository.git("add", "a.c")

    staged("int  a;\n")
    repository.environment["CLANG_FORMAT"] = str(fake)
    ran = repository.run(HOOKS / "pre-commit")
    check(ran.returncode == 1 and "a.c" in ran.stderr, "the hook refuses C that is laid out in another way")
    file.write_text("int a;\n")
    check(repository.run(HOOKS / "pre-commit").returncode == 1, "it looks at what is staged, not at the file")
    staged("int a;\n")
    file.write_text("int  a;\n")
    check(repository.run(HOOKS / "pre-commit").returncode == 0, "and takes what is staged and right")
    repository.environment["CLANG_FORMAT"] = str(fake) + "-that-is-not-there"
    ran = repository.run(HOOKS / "pre-commit")
    check(ran.returncode == 0 and "not checked" in ran.stderr, "without clang-format it says that it has not looked")


def main():
    if not shutil.which("git"):
        print("1..0 # SKIP no git here")
        return 0
    for part in (subjects, bodies_and_merges, unavailable, hooks):
        with tempfile.TemporaryDirectory(prefix="portcullis-commits-") as folder:
            part(folder)
    print(f"1..{cases}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
