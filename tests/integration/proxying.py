"""What tests share that put a real proxy, as it is shipped, before a daemon of ours."""

import os
import re
import shutil
import socket

import esep

NGINX = """daemon off;
master_process off;
pid nginx.pid;
error_log stderr notice;
{user}
events {{ worker_connections 512; }}
http {{
    access_log access.log;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    include esep.conf;
}}
"""


def changed(text, *changes):
    """Each (pattern, what instead, how often it must be there)."""
    for pattern, instead, count in changes:
        text, found = re.subn(pattern, instead, text, flags=re.M)
        assert found == count, (pattern, found)
    return text


def nginx(field, site, name="nginx"):
    """Its daemon, not started, over one file of sites; its folder, with access.log, is the field's of that name."""
    folder = field.path(name)
    os.mkdir(folder)
    esep.write(os.path.join(folder, "esep.conf"), site)
    esep.write(os.path.join(folder, "nginx.conf"), NGINX.format(user="user root;" if os.getuid() == 0 else ""))
    daemon = esep.Daemon(name, [shutil.which("nginx", path="/usr/sbin:/usr/bin"), "-p", folder, "-c",
                                os.path.join(folder, "nginx.conf")], field.path(name + ".log"))
    field.daemons.append(daemon)
    return daemon


def answers(port):
    with socket.socket() as line:
        return line.connect_ex(("127.0.0.1", port)) == 0
