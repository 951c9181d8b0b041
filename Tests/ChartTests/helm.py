"""Holds a chart against the real Helm 4, the schemas of Kubernetes and Pod Security's level "restricted".

  helm.py CHART RELEASE VALUES.json       prints {"lint": [...], "render": "...", "objects": [...], "wrong": [...]}
"""
import copy
import json
import re
import sys

import helm_python
import helm_python.chart as helm
import kubernetes_validate
import yaml

CONTAINERS = ("initContainers", "containers")


def restricted(pod: dict) -> list[str]:
    """What of the standard's own table a pod does not keep."""
    wrong = []
    security = pod.get("securityContext", {})
    if security.get("runAsNonRoot") is not True:
        wrong.append("runAsNonRoot")
    if security.get("runAsUser", 1) == 0:
        wrong.append("runAsUser")
    if security.get("seccompProfile", {}).get("type") not in ("RuntimeDefault", "Localhost"):
        wrong.append("seccompProfile")
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.get(key):
            wrong.append(key)
    allowed = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}
    for volume in pod.get("volumes", []):
        if set(volume) - {"name"} - allowed:
            wrong.append(f"volume {volume}")
    for container in [one for kind in CONTAINERS for one in pod.get(kind, [])]:
        own = container.get("securityContext", {})
        if own.get("allowPrivilegeEscalation") is not False:
            wrong.append("allowPrivilegeEscalation")
        if own.get("capabilities", {}).get("drop") != ["ALL"] or own.get("capabilities", {}).get("add"):
            wrong.append("capabilities")
        if own.get("privileged") or own.get("readOnlyRootFilesystem") is not True:
            wrong.append("readOnlyRootFilesystem")
        names = {volume["name"] for volume in pod.get("volumes", [])}
        for mount in container.get("volumeMounts", []):
            if mount["name"] not in names:
                wrong.append(f"no volume {mount['name']}")
        if any(port.get("hostPort") for port in container.get("ports", [])):
            wrong.append("hostPort")
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            for kind in ("httpGet", "tcpSocket"):
                if "host" in container.get(probe, {}).get(kind, {}):
                    wrong.append("host of a probe")
    return wrong


def of_version(document: dict, minor: int) -> dict:
    """As the templates render for a version: pods sleep before they stop from 1.30 on."""
    if minor >= 30 or document["kind"] != "Deployment":
        return document
    old = copy.deepcopy(document)
    for container in old["spec"]["template"]["spec"]["containers"]:
        container.pop("lifecycle", None)
    return old


def main() -> None:
    path, release, values = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
    result = {"lint": [], "objects": [], "wrong": [], "render": ""}
    for version in ("v1.28.0", "v1.37.0"):
        report = helm.lint(path, values, strict=True, kube_version=version)
        result["lint"] += [one["error"] for one in report["messages"] if one["severity"] > 1] + report["errors"]
    try:
        with helm.Chart.load(path) as chart:
            chart.validate_schema(values)
            files = chart.render(values, name=release, namespace="test")
    except helm_python.HelmError as error:
        result["render"] = str(error)
        print(json.dumps(result))
        return
    for file, text in sorted(files.items()):
        if not file.endswith(".yaml"):
            continue
        for document in yaml.safe_load_all(text):
            if document is None:
                continue
            result["objects"].append(document)
            # What the names of Services must be, and all others may.
            if not re.fullmatch("[a-z]([-a-z0-9]{0,61}[a-z0-9])?", document["metadata"]["name"]):
                result["wrong"].append(f"{file}: the name {document['metadata']['name']}")
            for minor in range(28, 38):
                try:
                    kubernetes_validate.validate(of_version(document, minor), f"1.{minor}", strict=True)
                except kubernetes_validate.ValidationError as error:
                    result["wrong"].append(f"{file} 1.{minor}: {error.message}")
            pod = document.get("spec", {}).get("template", {}).get("spec")
            if pod is not None:
                result["wrong"] += [f"{file}: {one}" for one in restricted(pod)]
    print(json.dumps(result))


main()
