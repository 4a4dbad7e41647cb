"""The incidents that a batch of messages is about: which one takes in an alert, and when one is over. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from alerts.decisions.grouping import Window
from alerts.pipeline.cases import ACKNOWLEDGED, Act, ActKind, Case, Fold, Kind, Told


class Caseload:
    """The incidents of one integration, as they stand after each message. `acts` says what happens to them."""

    def __init__(
        self,
        cases: Iterable[Case],
        *,
        reopen_within: timedelta,
        folds: Mapping[Kind, Fold] | None,
        window: Window | None,
    ) -> None:
        self.cases: list[Case] = list(cases)
        self.acts: list[Act] = []
        self.touched: dict[int, Case] = {}
        # Of a group the open one, which somebody may have reopened by hand; else the newest.
        by_age = sorted(self.cases, key=lambda case: (case.is_open, case.incident_id or 0))
        self._latest = {case.open_key: case for case in by_age if case.open_key}
        self._in_message: dict[int, Case] = {}
        self._reopen_within = reopen_within
        self._folds = folds or {}
        self._window = window

    def of(self, told: Told) -> Case:
        """The open incident of an alert's group; re-opened, or a new one, where there is none."""
        latest = self._latest.get(told.open_key)
        standing = latest.standing() if latest is not None else None
        if standing is not None and not self._is_closed(standing, told):
            return standing
        if standing is not None:
            self.acts.append(Act(ActKind.RELEASE, standing, told))
            self.touch(standing)
        elif latest is not None and latest.merged_into is None and self._is_recent(latest, told.at):
            latest.is_open, latest.resolved_at = True, None
            self.acts.append(Act(ActKind.REOPEN, latest, told))
            self.touch(latest)
            return latest
        fold = self._folds.get(told.kind) if self._folds else None
        if fold is not None and (standing := fold.take(told)) is not None:
            self._latest[told.open_key] = standing
            return standing
        case = Case(
            open_key=told.open_key,
            service_id=told.route.service_id,
            group_key=told.group.key,
            severity=told.alert.severity,
            opened_at=told.at,
            previous=latest,
            opened_by=told,
        )
        self._latest[told.open_key] = case
        if fold is not None:
            fold.case = case
        self.cases.append(case)
        self.acts.append(Act(ActKind.OPEN, case, told))
        self.touch(case)
        return case

    def touch(self, case: Case) -> None:
        """Note that something changes in it."""
        self.touched[id(case)] = case
        self._in_message[id(case)] = case

    def end_message(self, last: Told) -> None:
        """The message is complete: see which incidents are over, or taken care of at the source."""
        for case in self._in_message.values():
            if not case.is_open:
                continue
            if case.alert_count and case.firing_count <= 0:
                if case.flapping_count > 0:
                    continue  # it stays until that has been quiet
                case.is_open, case.resolved_at = False, last.at
                self.acts.append(Act(ActKind.RESOLVE, case, last))
            elif last.alert.status is ACKNOWLEDGED and case.acknowledged_count >= case.firing_count:
                self.acts.append(Act(ActKind.ACKNOWLEDGE, case, last))
        self._in_message.clear()

    def _is_closed(self, case: Case, told: Told) -> bool:
        """Whether its grouping window is over."""
        if self._window is None or case.opened_at is None or case.open_key != told.open_key:
            return False
        return self._window.is_over(opened_at=case.opened_at, joined_at=case.joined_at, at=told.at)

    def _is_recent(self, case: Case, at: datetime) -> bool:
        return case.resolved_at is not None and at - case.resolved_at <= self._reopen_within != timedelta()
