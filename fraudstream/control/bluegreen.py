"""Blue-green deployment: one version of the job is live, another one runs as its standby, and they can be switched."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from fraudstream.control.input_topics import BrokerTopics, advance_generations, compare_inputs, require_same_inputs
from fraudstream.control.resumption import Resumption
from fraudstream.control.savepoints import job_manifest, savepoint_target, take_savepoint
from fraudstream.control.state_topics import StateTopics
from fraudstream.control.submit import Submitted, job_config, run_job
from fraudstream.control.switch_plan import Plan
from fraudstream.devstack.stack import Services
from fraudstream.kafka.topics import create_topics
from fraudstream.system.deadline import wait_until
from fraudstream.system.failures import RuntimeFailure
from fraudstream.system.kept_json import read_kept
from jobs.job_config import JobConfig
from jobs.operator_uids import OUTPUTS
from jobs.state_manifest import StateManifest
from models.scoring.loaded_model import load_tested
from models.whole_file import replace_file
from schemas.errors import UserError

ALIVE = {"CREATED", "RUNNING", "RESTARTING", "FAILING", "CANCELLING", "RECONCILING", "INITIALIZING"}
SLOT_SECONDS = 60.0
RECORD_ADVICE = "Restore the file; or, when no standby runs and no switch was interrupted, remove it"
BLUE, GREEN = "blue", "green"
_GREEN_END = f"-{GREEN}"


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """Job of ours on the cluster.

    Parameters
    ----------
    job_id
        Flink's id of the job.
    config
        Contents of the file.
    """

    job_id: str
    file: Path
    config: JobConfig

    @property
    def colour(self) -> str:
        """Blue or green."""
        return GREEN if self.config.name.endswith(_GREEN_END) else BLUE


class BlueGreen:
    """Blue-green deployment of the job: starts a standby next to the live job, and hands over between the two.

    Parameters
    ----------
    services
        Broker and cluster of the jobs, with the settings of the new version.
    on_step
        Called with a line on each step.
    """

    def __init__(self, services: Services, *, on_step: Callable[[str], None] = lambda _step: None) -> None:
        self._services, self._on_step = services, on_step
        self._rest = services.rest
        self._record = services.settings.state.root / "bluegreen.json"

    def plan(self) -> Plan:
        """Read the record; it is empty when there is no file."""
        if not self._record.exists():
            return Plan()
        return read_kept(self._record, Plan, "the record of a blue-green deployment", RECORD_ADVICE)

    def deployments(self) -> list[Deployment]:
        """List our jobs that have not ended; other teams' jobs are left out."""
        found = []
        for job in self._rest.jobs():
            file = self._rest.job_parameters(job["jid"]).get("fraudstream.config") if job["state"] in ALIVE else None
            if file is not None:
                found.append(Deployment(job_id=job["jid"], file=Path(file), config=JobConfig.from_file(Path(file))))
        return found

    def live(self) -> Deployment:
        """Return the live job.

        Raises
        ------
        UserError
            There is none, or more than one.
        """
        return self._only(standby=False, advice="start one with `fraudstream submit`, stop others with `stop JOB`")

    def standby(self) -> Deployment:
        """Return the one standby, or raise UserError."""
        return self._only(standby=True, advice="start one with `fraudstream bluegreen start`")

    def start(self) -> Submitted:
        """Start what the settings describe as a standby of the live job, from a savepoint of it; it is not stopped.

        Raises
        ------
        UserError
            When the new version could not take over; nothing was started then.
        """
        self.resume()
        live = self.live()
        if any(deployment.config.standby for deployment in self.deployments()):
            raise UserError("expected no standby yet, got one. `fraudstream bluegreen stop` ends it")
        new = replace(job_config(self._services), name=_other_name(live.config.name))
        standby = standby_of(new)
        self._require_hand_over(live, new)
        self._require_slots(standby.parallelism)
        create_topics(self._services.with_settings(topics=standby.topics).broker)
        self._on_step(f"taking a savepoint of {live.config.name}, which keeps running")
        savepoint = self._savepoint(live, stop=False)
        # By the clock of the cluster, whose times the scores have: that of this machine may be another.
        since_ms = self._rest.now_ms(live.job_id)
        self._on_step(f"starting {new.name} as standby")
        state = Resumption(savepoint=savepoint, may_drop=frozenset({f"{OUTPUTS}-sink"}))
        started = run_job(self._services, standby, state, on_line=self._on_step)
        file = self._written(new)
        self._save(replace(self.plan(), next_file=str(file), standby_since_ms=since_ms))
        return started

    def stop_standby(self) -> Deployment:
        """End the standby; the live job is not touched."""
        self.resume()
        standby = self.standby()
        self._rest.cancel(standby.job_id)
        self._await_end(standby)
        self._save(replace(self.plan(), next_file=None))
        return standby

    def switch(self) -> Submitted:
        """Make the standby's version live: the live job stops with a savepoint, the other starts from exactly that.

        Raises
        ------
        UserError
            Before anything is touched, when the hand-over cannot work.
        RuntimeFailure
            When the new version did not come up; the old one runs again then.
        """
        self.resume()
        live, plan = self.live(), self.plan()
        self.standby()
        if plan.next_file is None:
            raise UserError(
                "expected a standby of this state folder, found none. Start one with `fraudstream bluegreen start`"
            )
        new = JobConfig.from_file(Path(plan.next_file))
        self._require_hand_over(live, new)
        self._on_step("ending the standby")
        self.stop_standby()
        return self._hand_over(live, new)

    def back(self) -> Submitted:
        """Switch back to the previous version, keeping the current state.

        Raises
        ------
        UserError, RuntimeFailure
            As by `switch`.
        """
        self.resume()
        live, plan = self.live(), self.plan()
        if plan.previous_file is None:
            raise UserError("expected a switch before, found none: there is no version to switch back to")
        if any(deployment.config.standby for deployment in self.deployments()):
            raise UserError("expected no standby, got one. End it with `fraudstream bluegreen stop`")
        previous = JobConfig.from_file(Path(plan.previous_file))
        self._require_hand_over(live, previous)
        return self._hand_over(live, previous)

    def resume(self) -> Submitted | None:
        """Finish an interrupted hand-over, so that one job is live: a version that did not start is rolled back.

        Returns
        -------
        Submitted or None
            The job that was put back; None when one was live, or there was no hand-over.

        Raises
        ------
        RuntimeFailure
            When nothing can be put back, with the line that starts it by hand.
        """
        plan = self.plan()
        if plan.leaving_job is None or plan.leaving_file is None or plan.coming_file is None:
            return None
        self._await_stop(plan.leaving_job)
        came = JobConfig.from_file(Path(plan.coming_file)).name
        live = [one for one in self.deployments() if not one.config.standby]
        if any(one.config.name == came for one in live):
            self._save(plan.settled(next_file=None, previous_file=plan.leaving_file))
        elif live and all(one.job_id != plan.leaving_job for one in live):
            self._save(plan.settled())
        # The job may still stop: its record is kept until another one is live.
        if live:
            return None
        self._on_step("a hand-over was interrupted and no job is live: restoring the former job")
        return self._put_back(plan)

    def _hand_over(self, live: Deployment, new: JobConfig) -> Submitted:
        # Written before anything ends: the next command can restore the former job if this process dies.
        plan = replace(
            self.plan(), leaving_job=live.job_id, leaving_file=str(live.file), coming_file=str(self._written(new))
        )
        self._save(plan)
        self._on_step(f"stopping {live.config.name} with a savepoint")
        try:
            savepoint = self._savepoint(live, stop=True)
            plan = replace(plan, savepoint=savepoint)
            self._save(plan)
            self._await_end(live)
            self._on_step(f"starting {new.name} from it")
            state = Resumption(savepoint=savepoint)
            started = run_job(self._services, new, state, on_line=self._on_step)
        except BaseException as error:  # after an interrupt no job is live either
            self._on_step(f"{new.name} did not come up: putting {live.config.name} back")
            back = self._roll_back(new)
            if not isinstance(error, Exception):
                raise
            where = (
                f"was put back from {self._left_in(plan)} and runs as job {back.job_id}" if back else "keeps running"
            )
            raise RuntimeFailure(f"expected {new.name} to come up, but: {error}. {live.config.name} {where}") from error
        self._save(plan.settled(next_file=None, previous_file=str(live.file)))
        return started

    def _roll_back(self, new: JobConfig) -> Submitted | None:
        """Make the former job live again; None when it never stopped."""
        try:
            for failed in self.deployments():
                if failed.config.name == new.name:
                    self._rest.cancel(failed.job_id)
                    self._await_end(failed)
        except (RuntimeFailure, UserError) as error:
            raise RuntimeFailure(
                f"expected to see which jobs run, but: {error}. Once that is fixed, `fraudstream bluegreen resume` "
                "makes one of them live"
            ) from error
        return self.resume()

    def _put_back(self, plan: Plan) -> Submitted:
        savepoint = self._left_in(plan)
        former = JobConfig.from_file(Path(plan.leaving_file or ""))
        if savepoint is None:
            raise RuntimeFailure(
                f"expected a savepoint of job {plan.leaving_job}, found none, and no job is live. Start {former.name} "
                f"from its newest checkpoint: `fraudstream submit --from-savepoint {former.checkpoint_dir}/"
                f"{plan.leaving_job}/chk-N`"
            )
        try:
            # It ran with these topics before: a live job with them is better than none.
            state = Resumption(savepoint=savepoint, keep_topics=True)
            back = run_job(self._services, former, state, on_line=self._on_step)
        except (RuntimeFailure, UserError) as error:
            raise RuntimeFailure(
                f"expected {former.name} to be put back from {savepoint}, but: {error}. No job is live. Once the cause "
                "is fixed, `fraudstream bluegreen resume` restores it"
            ) from error
        self._save(plan.settled())
        return back

    def _left_in(self, plan: Plan) -> str | None:
        """Return the savepoint of the job that stopped; Flink knows it where this process was ended before.

        Only a job that has finished ended with its last savepoint: another one went on after it.
        """
        if plan.savepoint is not None or plan.leaving_job is None or self._state(plan.leaving_job) != "FINISHED":
            return plan.savepoint
        last = self._rest.checkpoints(plan.leaving_job)["latest"].get("savepoint")
        return str(last["external_path"]) if last else None

    def _state(self, job_id: str) -> str:
        """Return a job's state, FORGOTTEN where the cluster was restarted without it."""
        return next((str(job["state"]) for job in self._rest.jobs() if job["jid"] == job_id), "FORGOTTEN")

    def _await_stop(self, job_id: str) -> None:
        """Wait until a job has ended, or is no longer about to: its savepoint failed."""

        def decided() -> bool:
            if self._state(job_id) not in {"RUNNING", "FAILING", "CANCELLING"}:
                return True
            return not self._rest.checkpoints(job_id)["counts"]["in_progress"]

        wait_until(decided, seconds=SLOT_SECONDS)

    def _written(self, config: JobConfig) -> Path:
        """Write settings to a file that only its owner can read."""
        file = self._services.settings.state.jobs / f"{config.name}-next.json"
        file.touch(mode=0o600)
        file.write_text(config.to_json())
        return file

    def _only(self, *, standby: bool, advice: str) -> Deployment:
        found = [deployment for deployment in self.deployments() if deployment.config.standby == standby]
        if len(found) != 1:
            what = "standby" if standby else "live job"
            names = ", ".join(f"{one.config.name} ({one.job_id})" for one in found) or "none"
            raise UserError(f"expected one {what}, got {names}: {advice}")
        return found[0]

    def _require_hand_over(self, live: Deployment, new: JobConfig) -> None:
        """Refuse a version that could not continue from the live job's state, has no model, or has other topics."""
        load_tested(new.model_folder)
        state = job_manifest(self._rest, live.job_id)
        if state is None:
            raise UserError(f"expected a manifest of job {live.job_id}, found none. Submit it with this version")
        known = StateTopics.read(state, None, ())
        wanted = StateManifest.of(advance_generations(new, known, ())[0])
        state.require_fit(wanted)
        lost = state.lost_operators(wanted)
        if lost:
            raise UserError(f"expected an operator for all state, but there is none for {', '.join(lost)}: set it back")
        if new.topics != live.config.topics:
            raise UserError(
                f"expected the live job's topics {asdict(live.config.topics)}, got "
                f"{asdict(new.topics)}. Restore the settings"
            )
        topics = new.input_topics
        broker = BrokerTopics.read(self._services.broker, list(topics.values()))
        require_same_inputs(compare_inputs(topics, known, broker))

    def _require_slots(self, wanted: int) -> None:
        free = self._rest.overview()["slots-available"]
        if free < wanted:
            raise UserError(
                f"expected {wanted} free slots for the standby, got {free}. `fraudstream up --taskmanagers N` adds some"
            )

    def _savepoint(self, deployment: Deployment, *, stop: bool) -> str:
        return take_savepoint(self._rest, deployment.job_id, savepoint_target(self._services.settings), stop=stop)

    def _await_end(self, deployment: Deployment) -> None:
        """Wait until a job has ended and its slots are free."""

        def ended() -> bool:
            return self._rest.job(deployment.job_id)["state"] not in ALIVE

        def free() -> bool:
            slots = self._rest.overview()
            # A job may have waited for more slots than there are.
            return int(slots["slots-available"]) >= min(deployment.config.parallelism, int(slots["slots-total"]))

        if not (wait_until(ended, seconds=SLOT_SECONDS) and wait_until(free, seconds=SLOT_SECONDS)):
            raise RuntimeFailure(
                f"expected job {deployment.job_id} to end and to free its slots: see `fraudstream jobs`"
            )

    def _save(self, plan: Plan) -> None:
        replace_file(self._record, json.dumps(asdict(plan), indent=2).encode() + b"\n")


def standby_of(config: JobConfig) -> JobConfig:
    """Return the settings of a job's rehearsal: its scores go to a topic of their own, and nothing else is written.

    Readers of the scores topic find one score of a transaction there, as before.
    """
    return replace(
        config,
        standby=True,
        topics=replace(config.topics, scores=f"{config.topics.scores}.standby"),
        emit_scores=True,
        guarantee="at-least-once",
        feature_log_share=0.0,
    )


def _other_name(name: str) -> str:
    return name.removesuffix(_GREEN_END) if name.endswith(_GREEN_END) else name + _GREEN_END
