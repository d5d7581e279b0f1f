"""AWS on this machine: ministack for the stack, moto for SageMaker. Both listen on loopback only."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ACCOUNT, REGION = "123456789012", "eu-west-1"
TESTS = Path(__file__).resolve().parents[1]


class Emulator:
    """ministack, which checks policies and supports TLS. The demo model is at /opt, where the function's layer puts it."""

    def __init__(self, demo_model, sagemaker):
        self.folder = Path(tempfile.mkdtemp(prefix="matinee-deploy-"))
        self.port = free_port()
        self.url = f"https://127.0.0.1:{self.port}"
        self.log = self.folder / "ministack.log"
        self.certificate = self.make_certificate()
        environment = self.environment() | {
            "AUTH": "true",
            "AWS_ENDPOINT_URL_SAGEMAKER": sagemaker.url,
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self.port),
            "IOT_MTLS_ENABLED": "0",
            "MINISTACK_ACCOUNT_ID": ACCOUNT,
            # The stack prints addresses of this host, so they can be used unchanged.
            "MINISTACK_HOST": f"{REGION}.amazonaws.com",
            "MINISTACK_REGION": REGION,
            "MINISTACK_SSL_CERT": str(self.certificate),
            "MINISTACK_SSL_KEY": str(self.folder / "key.pem"),
            "SSL_CERT_FILE": str(self.certificate),
            "TMPDIR": str(self.folder),
            "USE_SSL": "1",
        }
        program = Path(sys.executable).with_name("ministack")
        # A private mount: processes outside the emulator do not see the changed /opt.
        script = f'mount --bind "{demo_model}" /opt && exec "{program}"'
        namespace = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [*namespace, "sh", "-c", script], env=environment, stdout=log, stderr=log, start_new_session=True
            )
        self.wait()

    def environment(self):
        """The variables with which the programs under test find the emulator."""
        return os.environ | {
            "AWS_ACCESS_KEY_ID": ACCOUNT,
            "AWS_CA_BUNDLE": str(self.certificate),
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": REGION,
            "AWS_SECRET_ACCESS_KEY": "secret",
            "CURL_HOME": str(self.folder),
            "SAM_CLI_TELEMETRY": "0",
            "SSL_CERT_FILE": str(self.certificate),
        }

    def make_certificate(self):
        certificate = self.folder / "certificate.pem"
        request = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
        names = ["-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE"]
        files = ["-keyout", self.folder / "key.pem", "-out", certificate]
        subprocess.run([*request, *names, *files], check=True, capture_output=True)
        # curl resolves every address to the emulator.
        (self.folder / ".curlrc").write_text(f'connect-to = "::127.0.0.1:{self.port}"\ninsecure\n')
        return certificate

    def wait(self):
        import ssl

        context = ssl.create_default_context(cafile=str(self.certificate))
        begin = time.monotonic()
        while time.monotonic() - begin < 60 and self.process.poll() is None:
            try:
                urllib.request.urlopen(f"{self.url}/_ministack/health", context=context, timeout=5)
                return
            except OSError:
                time.sleep(0.2)
        raise AssertionError(f"ministack did not start:\n{self.log.read_text()[-2000:]}")

    def stop(self):
        end(self.process)
        shutil.rmtree(self.folder, ignore_errors=True)


class SageMaker:
    """moto's SageMaker, in which a job stays in progress until the test ends it."""

    def __init__(self):
        program = [sys.executable, str(TESTS / "moto_service.py")]
        moto = os.environ["MOTO_PYTHON"]
        self.process = subprocess.Popen([moto, *program[1:]], stdout=subprocess.PIPE, text=True, start_new_session=True)
        self.url = self.process.stdout.readline().strip()
        assert self.url.startswith("http://127.0.0.1:"), "moto did not start"

    def stop(self):
        end(self.process)


def end(process):
    """Ends a process and its children."""
    try:
        os.killpg(process.pid, 15)
        process.wait(10)
    except (ProcessLookupError, subprocess.TimeoutExpired):
        process.kill()


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
