"""The loaders of the public sets, on small files in the same form, and the classifier trained on them."""

import csv
import json
from pathlib import Path

import pytest

from bot.encoder import Encoder
from bot.errors import DataError
from bot.settings import Settings
from evaluation.benchmarks import SEEDS, few, found_in, measure, read_banking77, read_clinc150, report, written

PHRASES = {
    "card_lost": ["i lost my card", "my card is gone", "cannot find my bank card", "where is my card, it is lost",
                  "somebody stole my card", "card missing since friday"],
    "balance": ["what is my balance", "how much money do i have", "show me my account balance", "money left on account",
                "balance please", "tell me the balance of my savings"],
    "top_up": ["how do i top up", "top up my account", "add money by transfer", "can i top up with cash",
               "top-up did not work", "put more money on the account"],
}  # fmt: skip
OUTSIDE = ["who won the cup", "recipe for bread", "how tall is the tower"]


def write_csv(path: Path, rows: list[tuple[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("text", "category"), *rows])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Both sets, as AXIS_BENCHMARKS would hold them."""
    pairs = [(text, intent) for intent, texts in PHRASES.items() for text in texts]
    banking, clinc = tmp_path / "banking77", tmp_path / "clinc150"
    banking.mkdir()
    clinc.mkdir()
    write_csv(banking / "train.csv", pairs)
    write_csv(banking / "test.csv", [('it\'s lost, my "card", help', "card_lost"), ("the balance, now", "balance")])
    strange = [[text, "oos"] for text in OUTSIDE]
    parts = {"train": pairs, "test": pairs[::6], "val": [], "oos_train": [], "oos_val": [], "oos_test": strange}
    (clinc / "data_full.json").write_text(json.dumps(parts))
    return tmp_path


def test_the_files_are_read(folder: Path) -> None:
    banking, clinc = read_banking77(folder / "banking77"), read_clinc150(folder / "clinc150" / "data_full.json")
    assert banking.test[0] == ("card_lost", 'it\'s lost, my "card", help')
    assert banking.train == clinc.train
    assert (banking.outside, clinc.outside) == ([], OUTSIDE)
    assert [one.name for one in found_in(folder)] == ["BANKING77", "CLINC150"]


def test_a_file_of_another_form_is_named(folder: Path) -> None:
    (folder / "banking77" / "test.csv").write_text("question,answer\na,b\n")
    (folder / "clinc150" / "data_full.json").write_text('{"train": []}')
    with pytest.raises(DataError, match=r"test\.csv"):
        read_banking77(folder / "banking77")
    with pytest.raises(DataError, match=r"data_full\.json"):
        read_clinc150(folder / "clinc150" / "data_full.json")


def test_few_takes_as_many_of_each_intent_and_the_same_for_the_same_seed() -> None:
    pairs = [(intent, text) for intent, texts in PHRASES.items() for text in texts]
    chosen = few(pairs, 4, 0)
    assert [sum(intent == one for one, _ in chosen) for intent in PHRASES] == [4, 4, 4]
    assert chosen == few(pairs, 4, 0) != few(pairs, 4, 1)
    with pytest.raises(DataError, match="fewer than 7"):
        few(pairs, 7, 0)


def test_a_set_is_measured_and_written(folder: Path) -> None:
    encoder = Encoder(Settings().models_dir / "encoder")
    for benchmark in found_in(folder):
        outcomes = measure(benchmark, encoder, sizes=(5,))
        assert len(outcomes) == len(SEEDS)
        assert all(one.accuracy > 0.6 for one in outcomes)
        assert all((one.auroc is None) == (not benchmark.outside) for one in outcomes)
        assert all(one.auroc is None or one.auroc > 0.7 for one in outcomes)
        assert f"{benchmark.name} (3 intents" in written(benchmark, outcomes)


def test_without_the_data_the_report_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    encoder = Encoder(Settings().models_dir / "encoder")
    monkeypatch.delenv("AXIS_BENCHMARKS", raising=False)
    assert "the data was not there" in report(encoder)
    monkeypatch.setenv("AXIS_BENCHMARKS", str(tmp_path))
    assert "the data was not there" in report(encoder)


def test_the_report_measures_what_the_folder_holds(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AXIS_BENCHMARKS", str(folder))
    monkeypatch.setattr(measure, "__kwdefaults__", {"sizes": (5,)})
    text = report(Encoder(Settings().models_dir / "encoder"))
    assert "BANKING77 (3 intents" in text
    assert "CLINC150 (3 intents" in text
