"""`make run`: the whole portal on one machine, in the foreground."""

import json
import os
import signal
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

import psutil

from sandbox.stack import assets, environment, keys, ports
from sandbox.stack.environment import Addresses
from sandbox.stack.folder import Folder, InUse, write_environment
from sandbox.stack.places import StackError
from sandbox.stack.processes import MARK, Child, Spec, end_all, marked, rotate, tail, tie_to_parent
from sandbox.stack.services import LocalServices
from sandbox.stack.supervisor import Supervisor
from sandbox.stack.terminal import Stop, complain, say

ROOT = Path(__file__).resolve().parent.parent.parent
DEFAULT_PORT = 8000
READY_SECONDS = 120.0
STEP_SECONDS = 600.0
WAIT_SECONDS = 45.0
PORT_TAKEN = 2

# The web closes first so that nothing new comes in; the worker then finishes what it holds.
_STOP_ORDER = {
    name: place
    for place, name in enumerate(
        ("web", "worker", "scheduler", "otpzap", "faspay", "btcpay", "rail", "sms", "cards", "redis", "postgres")
    )
}
_WORKER_STOP = ((signal.SIGTERM, 20.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))


class PortTaken(StackError):
    """Somebody else listens where the site should."""


class Stopped(Exception):
    """The person said stop before everything was up."""


def main() -> int:
    stop = Stop().listen()
    _end_with_parent()
    try:
        return _Run(stop).go()
    except Stopped:
        return 0
    except PortTaken as error:
        complain(str(error))
        return PORT_TAKEN


def _end_with_parent() -> None:
    """Started by make or by a test, their being killed must not leave us behind; a shell may go."""
    parent = psutil.Process().parent()
    if MARK in os.environ or (parent is not None and parent.name() in ("make", "gmake")):
        tie_to_parent(signal.SIGTERM)


class _Run:
    """One run, from the choice of ports to the last process ended."""

    def __init__(self, stop: Stop) -> None:
        self._stop = stop
        self._addresses = _choose_ports()
        self._folder = _choose_folder(self._addresses.web)
        self._supervisor = Supervisor(self._folder, stop)
        self._services = LocalServices(
            self._folder,
            database_url=os.environ.get("DATABASE_URL", ""),
            redis_url=os.environ.get("REDIS_URL", ""),
        )
        self._env: dict[str, str] = {}

    def go(self) -> int:
        assets.build(ROOT)
        _clear_leftovers(self._folder)
        try:
            self._start()
            say(_table(self._folder, self._addresses))
            self._supervisor.tend_until(lambda: False)
            return 0
        finally:
            if self._stop.asked:
                say("\nStopping ...")
            self._supervisor.stop_all(_STOP_ORDER)
            self._services.stop()
            self._folder.unlock()

    def _start(self) -> None:
        say("Starting servers, migrating, loading demo data ...")
        self._services.start()
        for server in self._services.servers:
            self._supervisor.watch(server)
        self._prepare_environment()
        self._start_simulators()
        self._step("migrations", "migrate", "--no-input")
        self._step("demo data", "demo")
        for child in self._site():
            self._supervisor.start(child)
        self._await_health()

    def _prepare_environment(self) -> None:
        settings = environment.for_local_run(
            self._folder.path, self._addresses, self._services.database_url, self._services.redis_url
        )
        write_environment(self._folder.path / "local.env", settings)
        self._env = {
            **os.environ,
            **settings,
            "READ_LOCAL_ENV": "0",
            "PYTHONUNBUFFERED": "1",
            MARK: str(self._folder.path),
        }

    def _start_simulators(self) -> None:
        for child in self._simulators():
            self._supervisor.start(child)

    def _simulators(self) -> list[Child]:
        state = self._folder.path / "simulators"
        state.mkdir(mode=0o700, exist_ok=True)
        ports = {name: getattr(self._addresses, name) for name in self._addresses.simulators}
        arguments = {
            "otpzap": self._otpzap(),
            "faspay": self._faspay(),
            "btcpay": self._btcpay(),
            "rail": self._rail(),
            "sms": self._sms(),
            "cards": self._cards(),
        }
        return [
            self._module(
                name,
                f"sandbox.simulators.{name}",
                *("--port", str(port), "--state-file", str(state / f"{name}.json")),
                *arguments[name],
                port=port,
            )
            for name, port in ports.items()
        ]

    def _otpzap(self) -> list[str]:
        """Two accounts of ours, and where its notes go."""
        token = self._kept("otpzap-webhook-token")
        return [
            *(f"--api-key={self._kept(name)}" for name in ("otpzap-api-key", "otpzap-second-api-key")),
            *("--webhook-url", f"{self._addresses.direct}/otpzap/webhook/{token}", "--webhook-local"),
            f"--webhook-secret={self._kept('otpzap-webhook-secret')}",
        ]

    def _faspay(self) -> list[str]:
        """Its keys, and every address at which it calls us."""
        _, merchant = keys.key_pair(self._folder.path, keys.MERCHANT)
        faspay, _ = keys.key_pair(self._folder.path, keys.FASPAY)
        ours = self._addresses.direct
        return [
            *("--merchant-public-key", str(merchant), "--private-key", str(faspay)),
            *("--partner-id", environment.PARTNER_ID, "--static-service-ids", environment.STATIC_SERVICE_IDS),
            *("--notify-url", f"{ours}/v1.0/transfer-va/payment", "--merchant-url", ours),
            *("--legacy-notify-url", f"{ours}/faspay/notification"),
            *(f"--ovo-password={self._kept('ovo-password')}", "--ovo-notify-url", f"{ours}/faspay/notification"),
            *("--ovo-callback-url", f"{ours}/faspay/ovo/linked/{self._kept('ovo-callback-token')}"),
            *("--ovo-return-url", f"{self._addresses.base_url}/topup/ovo/return"),
        ]

    def _btcpay(self) -> list[str]:
        return [
            *(f"--api-key={self._kept('btcpay-api-key')}", "--store-id", environment.BTCPAY_STORE_ID),
            f"--webhook-secret={self._kept('btcpay-webhook-secret')}",
            *("--webhook-url", f"{self._addresses.direct}/btcpay/webhook"),
        ]

    def _rail(self) -> list[str]:
        return [f"--api-key={self._kept('rail-key')}"]

    def _sms(self) -> list[str]:
        report = f"{self._addresses.direct}/sms/report/{self._kept('sms-report-token')}"
        return [f"--api-key={self._kept('sms-key')}", "--report-url", report]

    def _cards(self) -> list[str]:
        return [f"--api-key={self._kept('cards-key')}", f"--challenge-key={self._kept('card-challenge-key')}"]

    # A secret may begin with a hyphen, so it is given as --name=secret.
    def _kept(self, name: str) -> str:
        return keys.kept(self._folder.path, name)

    def _site(self) -> list[Child]:
        where = ("--host", self._addresses.host, "--port", str(self._addresses.web))
        return [
            self._module(
                "worker",
                *("celery", "-A", "config.celery", "worker", "--pool", "prefork", "--concurrency", "6"),
                *("--hostname", f"gerbang-{self._addresses.web}@%h", "--loglevel", "INFO"),
                *("--without-gossip", "--without-mingle"),
                stop_steps=_WORKER_STOP,
                death_signal=signal.SIGQUIT,
            ),
            self._module(
                "scheduler",
                *("celery", "-A", "config.celery", "beat", "-S", "config.celery:HeartbeatScheduler"),
                *("--pidfile=", "--loglevel", "WARNING"),
            ),
            self._module(
                "web",
                *("granian", "--interface", "wsgi", "config.wsgi:application", *where, "--workers", "2"),
                *("--no-ws", "--blocking-threads", "4", "--respawn-failed-workers", "--workers-kill-timeout", "8"),
                port=self._addresses.web,
            ),
        ]

    def _module(
        self,
        name: str,
        *arguments: str,
        port: int | None = None,
        stop_steps: tuple[tuple[int, float], ...] = ((signal.SIGTERM, 10.0), (signal.SIGKILL, 5.0)),
        death_signal: int = signal.SIGTERM,
    ) -> Child:
        log = self._folder.log(name)
        rotate(log)
        return Child(
            Spec(
                name=name,
                argv=[sys.executable, "-m", *arguments],
                log=log,
                cwd=ROOT,
                env=self._env,
                stop_steps=stop_steps,
                death_signal=death_signal,
                port=port,
            )
        )

    def _step(self, what: str, *command: str) -> None:
        """Run one management command to its end; Stopped when the person says so meanwhile."""
        log = self._folder.log(command[0])
        log.unlink(missing_ok=True)
        spec = Spec(command[0], [sys.executable, "manage.py", *command], log, ROOT, self._env)
        child = Child(spec)
        child.start()
        if not self._supervisor.tend_until(child.ended, time.monotonic() + STEP_SECONDS):
            child.stop()
        if self._stop.asked:
            raise Stopped
        if child.exit_code:
            raise StackError(f"{what.capitalize()} failed (`manage.py {command[0]}`, {log}):\n{tail(log, 12)}")

    def _await_health(self) -> None:
        """Wait for /healthz; StackError with what it says when that takes too long or a program keeps dying."""
        health, supervisor = _Health(f"{self._addresses.direct}/healthz"), self._supervisor
        deadline = time.monotonic() + READY_SECONDS
        settled = supervisor.tend_until(lambda: health.good() or bool(supervisor.hopeless()), deadline)
        if self._stop.asked:
            raise Stopped
        if not settled or supervisor.hopeless():
            log = self._folder.log(supervisor.hopeless() or "web")
            raise StackError(f"The site does not become healthy: {health.said}\n{log}:\n{tail(log, 8)}")


class _Health:
    def __init__(self, url: str) -> None:
        self._url = url
        self.said = "no answer"

    def good(self) -> bool:
        try:
            with urllib.request.urlopen(self._url, timeout=3) as answer:  # noqa: S310 - our own address
                return bool(answer.status == 200)
        except urllib.error.HTTPError as error:
            self.said = error.read(1000).decode(errors="replace")
        except OSError as error:
            self.said = str(error)
        return False


def _choose_ports() -> Addresses:
    host = os.environ.get("HOST") or ports.LOOPBACK
    web = _wanted_port()
    reason = ports.why_taken(web, host)
    if reason:
        raise PortTaken(
            f"Port {web} on {host} {reason}.\n"
            f"Choose another port with, for example: PORT={ports.next_free(web)} make run"
        )
    otpzap = ports.next_free(web)
    faspay = ports.next_free(otpzap)
    btcpay = ports.next_free(faspay)
    rail = ports.next_free(btcpay)
    sms = ports.next_free(rail)
    return Addresses(host, web, otpzap, faspay, btcpay, rail, sms, ports.next_free(sms))


def _wanted_port() -> int:
    text = os.environ.get("PORT") or str(DEFAULT_PORT)
    if not text.isdecimal() or not 0 < int(text) < 65534:
        raise PortTaken(f"PORT={text} is no port; use a number such as {DEFAULT_PORT}.")
    return int(text)


def _choose_folder(port: int) -> Folder:
    """The state folder, locked: `var`, or a folder of its own inside when a run on another port holds that."""
    folder = Folder(Path(os.environ.get("VAR_DIR") or ROOT / "var"))
    try:
        folder.lock(port)
    except InUse as use:
        if use.port == port:
            return _wait_for(folder, port)
        own = Folder(folder.path / f"port-{port}")
        own.lock(port)
        say(f"Another run uses {folder.path}; this one keeps its own data in {own.path}.")
        return own
    return folder


def _wait_for(folder: Folder, port: int) -> Folder:
    """The port is free and a run of this port holds the folder: it is ending, so its data is ours in a moment."""
    say("Waiting for the run before this one to end ...")
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        try:
            folder.lock(port)
        except InUse:
            time.sleep(0.2)
        else:
            return folder
    raise PortTaken(f"Another run on port {port} is starting or does not end; it holds {folder.path}.")


def _clear_leftovers(folder: Folder) -> None:
    """Whatever a killed run left: its programs die by themselves, so wait first."""
    steps = [(None, 5.0), (signal.SIGTERM, 10.0), (signal.SIGKILL, 5.0)]
    end_all(lambda: marked(folder.path), steps)


def _table(folder: Folder, addresses: Addresses) -> str:
    demo = _demo(folder)
    lines = ["", f"  Gerbang is ready:  {addresses.base_url}", ""]
    lines += [f"  {name:<18} {url}" for name, url in _places(folder, addresses).items()]
    lines += ["", *_logins(demo), "  Ctrl-C stops everything."]
    if addresses.host not in (ports.LOOPBACK, "localhost", "::1"):
        lines.append(f"  Note: {addresses.host} is open to your network, with play money and these logins.")
    return "\n".join(lines)


def _demo(folder: Folder) -> Mapping[str, dict[str, dict[str, str]]]:
    path = folder.path / "demo.json"
    found: dict[str, dict[str, dict[str, str]]] = json.loads(path.read_text()) if path.exists() else {}
    return found


def _places(folder: Folder, addresses: Addresses) -> dict[str, str]:
    simulators = addresses.simulators
    return {
        "sandbox": f"{addresses.base_url}/sandbox/   (pay top-ups, deliver codes and mails)",
        "simulated OTPZap": simulators["otpzap"],
        "simulated Faspay": simulators["faspay"],
        "simulated BTCPay": simulators["btcpay"],
        "simulated rail": simulators["rail"],
        "simulated SMS": simulators["sms"],
        "simulated cards": simulators["cards"],
        "mail": str(folder.path / "mail"),
        "logs": str(folder.path / "log"),
        "a second terminal": f"VAR_DIR='{folder.path}' .venv/bin/python manage.py shell",
    }


def _logins(demo: Mapping[str, dict[str, dict[str, str]]]) -> list[str]:
    people = [(role, who) for role, who in demo.get("users", {}).items() if who.get("email")]
    if not people:
        return []
    rows = [f"  {role:<18} {who['email']:<32} {who.get('password', '')}" for role, who in people]
    return [f"  {'login':<18} {'e-mail':<32} password", *rows, ""]
