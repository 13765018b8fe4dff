"""rattan-bench latency as a partner that takes its rounds when told."""
import json
import subprocess


class PacedRattan:
    def __init__(self, command):
        self.command = [str(word) for word in command]
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
        self.said = []
        self.wait_ready()

    def wait_ready(self):
        for line in self.process.stderr:
            if line.startswith("ready "):
                return
            self.said.append(line)
        if self.process.wait() != 0:
            raise SystemExit(f"tools/compare: {' '.join(self.command)} failed:\n{''.join(self.said)}")

    def round(self, last=False):
        """One round, finished when this returns."""
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        if not last:
            self.wait_ready()

    def rows(self):
        out, err = self.process.communicate()
        if self.process.returncode != 0:
            raise SystemExit(f"tools/compare: {' '.join(self.command)} failed:\n{''.join(self.said)}{err}")
        return json.loads(out)
