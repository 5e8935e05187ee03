"""What has to stand beside the results of an evaluation about the assumptions under which its model was used."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from carvis.classifier.card import ModelCard, card_path, read_card
from carvis.errors import CarvisError
from carvis.evaluation.assumptions.check import stored_check
from carvis.evaluation.assumptions.fact_names import comma_list, fact_name
from carvis.evaluation.assumptions.result import AssumptionCheck
from carvis.language import Message, localised
from carvis.workspace import Cache
from carvis.workspace.sample_ids import composed

if TYPE_CHECKING:
    from carvis.evaluation.result import Evaluation

FACTS = ("class_names", "preprocessing", "resize", "alpha", "orientation", "output")
# Without these two confirmed, no figure of a model can be believed; the others mostly change little.
_CHIEF = ("class_names", "preprocessing")


@dataclass(frozen=True)
class Remarks:
    """What has to be said of a model's assumptions beside its results.

    Attributes:
        sentences: none where there is nothing to say.
        grave: whether the results are probably wrong, or mean nothing; otherwise something is undecided.
        outdated: whether the model has to be evaluated again, as its card says something else now.
    """

    sentences: tuple[Message, ...] = ()
    grave: bool = False
    outdated: bool = False

    def __bool__(self) -> bool:
        return bool(self.sentences)

    def localised(self) -> str:
        """Return all sentences in the person's language."""
        return " ".join(map(localised, self.sentences))


def assumption_remarks(
    evaluation: "Evaluation", file: str | Path | None = None, cache: Cache | str | Path | None = None
) -> Remarks:
    """Say what contradicts the assumptions under which a model was evaluated, or that they are not checked.

    Args:
        evaluation: with or without a check of its own.
        file: the model's file here, whose card may have confirmed the facts since, or name others.
        cache: of the workspace (``data/cache/assumptions``), which may hold a later check.

    Returns:
        Nothing to say where a card that was confirmed says the same or a check found nothing against it.
    """
    noted = evaluation.setup["model"]
    card = _card(file, noted.get("sha256"))
    in_card = set(FACTS) - set(card.assumed) if card else set()
    confirmed = {fact: getattr(card, fact) for fact in FACTS if fact in in_card and getattr(card, fact)}
    changed = [fact for fact, value in confirmed.items() if noted.get(fact) and not _same(noted[fact], value)]
    if changed and file:
        changes = [
            Message("{fact} {value}", fact=fact_name(fact), value=confirmed[fact])
            if fact != "class_names"
            else fact_name(fact)
            for fact in changed
        ]
        outdated = Message(
            "{model} was evaluated with other settings than its card {card} now has ({facts}): evaluate it again.",
            model=noted["name"],
            card=card_path(file).name,
            facts=comma_list(changes),
        )
        return Remarks((outdated,), grave=True, outdated=True)
    # Evaluations of earlier versions do not say what was assumed.
    assumed = evaluation.assumed if "assumed" in noted else frozenset(_CHIEF if file else ())
    assumed -= set(confirmed)
    if not assumed:
        return Remarks()
    check = _best_check(evaluation, cache)
    if check is not None:
        return Remarks(check.remarks_on(assumed), grave=bool(check.warnings))
    return Remarks((_not_checked(noted["name"], assumed),)) if assumed & set(_CHIEF) else Remarks()


def _not_checked(model: str, assumed: Iterable[str]) -> Message:
    return Message(
        "{facts} of {model}: assumed and not checked, so its figures may be wrong. Check on page Models, or with "
        "summary MODEL --data DIR.",
        facts=comma_list([fact_name(fact) for fact in _CHIEF if fact in assumed]),
        model=model,
    )


def card_remarks(file: str | Path) -> Remarks:
    """Say what is only assumed of a model that was not evaluated, by its card alone."""
    card = _card(file, None, any_file=True)
    in_card = {fact for fact in _CHIEF if card and getattr(card, fact) and fact not in card.assumed}
    missing = set(_CHIEF) - in_card
    return Remarks((_not_checked(Path(file).stem, missing),)) if missing else Remarks()


def _card(file: str | Path | None, sha256: str | None, *, any_file: bool = False) -> ModelCard | None:
    """Return the card beside a model file, where it speaks of the file that was evaluated."""
    try:
        card = read_card(file) if file else None
    except CarvisError:
        return None
    return card if card and (any_file or card.sha256 in (None, sha256)) else None


def _same(noted: object, confirmed: object) -> bool:
    if isinstance(noted, list) and isinstance(confirmed, list):
        return list(map(composed, noted)) == list(map(composed, confirmed))
    return noted == confirmed


def _best_check(evaluation: "Evaluation", cache: Cache | str | Path | None) -> AssumptionCheck | None:
    """Return the check that tried most: a full one made since, else the evaluation's own, else any that is kept."""
    data = evaluation.setup["dataset"].get("fingerprint")
    if cache is None or not data:
        return evaluation.assumption_check
    thorough = stored_check(evaluation, data, cache, full=True)
    return thorough or evaluation.assumption_check or stored_check(evaluation, data, cache)
