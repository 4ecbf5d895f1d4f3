"""An nginx of one's own, with the location block that docs/deployment.md recommends or a changed one."""

import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from tests.browser.conftest import ROOT, absent, free_port

NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}{os.pathsep}/usr/sbin")
FOLDERS = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
SERVER = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{}}
http {{
    access_log off; {temporary}
    server {{
        listen 127.0.0.1:{port}{tls};
        {location}
    }}
}}
"""
TLS = " ssl; ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem"
CERTIFICATE = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -keyout key.pem -out cert.pem"


def example():
    """The location block of docs/deployment.md."""
    text = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
    return re.search(r"```nginx\n(.*?)```", text, re.DOTALL).group(1)


def without(block, *directives):
    """The block without the lines that begin with these words."""
    return "".join(line for line in block.splitlines(True) if not line.strip().startswith(directives))


def listening(port, process):
    """Wait until something listens on a port."""
    for _ in range(100):
        if process.poll() is not None:
            raise RuntimeError(f"nginx ended with {process.returncode}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError("nginx did not come up within 5 s")


@contextmanager
def proxied(server, block=None, tls=False):
    """The address of nginx in front of `server` ("http://127.0.0.1:8000"); it is ended with the block."""
    if NGINX is None:
        absent("nginx (Debian: apt-get install nginx-light)")
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        location = (block or example()).replace("http://127.0.0.1:8501", server)
        temporary = " ".join(f"{name}_temp_path {folder}/{name};" for name in FOLDERS)
        if tls:
            subprocess.run(CERTIFICATE.split(), cwd=folder, check=True, capture_output=True)
        secure = TLS.format(folder=folder) if tls else ""
        config = SERVER.format(folder=folder, temporary=temporary, port=port, tls=secure, location=location)
        Path(folder, "nginx.conf").write_text(config, encoding="utf-8")
        process = subprocess.Popen([NGINX, "-p", folder, "-e", f"{folder}/error.log", "-c", f"{folder}/nginx.conf"])
        try:
            listening(port, process)
            yield f"{'https' if tls else 'http'}://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(10)
