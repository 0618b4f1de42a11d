"""nginx with the nchan module (Debian: `nginx-light libnginx-mod-nchan`): a pub/sub server in C, in memory."""

import asyncio
import os
import shutil
from pathlib import Path

import psutil

from bench.hub import Hub, http
from bench.peers.payload import PAYLOAD
from bench.process import child, free_port, listening, stop
from bench.scratch import scratch

MODULES = (Path("/usr/lib/nginx/modules/ngx_nchan_module.so"), Path("/usr/lib64/nginx/modules/ngx_nchan_module.so"))

# Every path stands inside the prefix, so nothing of it needs root. `backlog` as the relay's, for the reconnect storm.
CONFIG = """\
{user}load_module {module};
daemon off;
worker_processes 1;
worker_rlimit_nofile 16384;
pid nginx.pid;
error_log error.log warn;
events {{ worker_connections 16384; }}
http {{
  access_log off;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  keepalive_requests 1000000000;
  nchan_shared_memory_size 1024M;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location ~ ^/pub/(\\w+)$ {{
      nchan_publisher; nchan_channel_id $1; nchan_message_buffer_length 64; nchan_message_timeout 10m;
    }}
    location ~ ^/sub/(\\w+)$ {{
      nchan_subscriber eventsource; nchan_channel_id $1; nchan_subscriber_first_message newest;
      nchan_eventsource_ping_interval 15;
    }}
  }}
}}
"""


class Nchan(Hub):
    """One nginx worker with nchan, its files in a temporary folder."""

    name = "nchan"

    def missing(self) -> str | None:
        if shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin") is None:
            return "nginx is not installed (Debian: apt install nginx-light libnginx-mod-nchan)"
        if not any(module.exists() for module in MODULES):
            return "nginx lacks the nchan module (Debian: apt install libnginx-mod-nchan)"
        return None

    async def start(self, channels: int, streams_each: int = 1) -> None:
        self.port = free_port()
        self._prefix = scratch("nchan")
        config = self._prefix / "nginx.conf"
        module = next(module for module in MODULES if module.exists())
        # As root, nginx would drop to another user, who may not read the prefix.
        user = "user root;\n" if os.geteuid() == 0 else ""
        config.write_text(CONFIG.format(user=user, module=module, port=self.port))
        program = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
        assert program is not None
        self._process = await child(
            "-p", str(self._prefix), "-c", str(config), "-e", str(self._prefix / "error.log"), program=program
        )
        await listening(self.port, self._process)
        self.pid = self._process.pid
        while not psutil.Process(self.pid).children():  # the master listens a moment before it has its worker
            await asyncio.sleep(0.02)

    async def stop(self) -> None:
        await stop(self._process)
        shutil.rmtree(self._prefix)

    def publish_request(self, channel: int) -> bytes:
        return http("POST", f"/pub/c{channel}", PAYLOAD, Content_Type="application/json")

    def stream_request(self, channel: int, number: int = 0, cursor: str | None = None) -> bytes:
        cursors = {"Last_Event_ID": cursor} if cursor else {}
        return http("GET", f"/sub/c{channel}", Accept="text/event-stream", **cursors)
