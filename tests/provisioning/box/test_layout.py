import socket
from dataclasses import astuple
from pathlib import Path

from provisioning.box.layout import HOST, Box, Ports, free_ports


def test_everything_of_a_box_lies_in_its_folder(tmp_path: Path) -> None:
    box = Box(tmp_path, Ports())

    folders = [box.pki, box.broker, box.hub, box.demo, box.kiosk, box.logs, box.remote]
    assert {path.parent for path in folders} == {tmp_path}
    assert len(set(folders)) == len(folders)
    assert (box.hub_settings.parent, box.kiosk_settings.parent) == (box.hub, box.kiosk)


def test_addresses_carry_the_ports(tmp_path: Path) -> None:
    box = Box(tmp_path, Ports(api=1234, desk=5678))

    assert box.api_url == "https://localhost:1234"
    assert box.desk_url == "http://127.0.0.1:5678"


def test_free_ports_differ_and_can_be_listened_on() -> None:
    ports = free_ports()

    assert len({ports.broker, ports.api, ports.desk}) == 3
    for port in astuple(ports):
        with socket.socket() as opened:
            opened.bind((HOST, port))
