"""Zones of sites, as large as is wished, and what each server wants to know of them."""
import random

APEX = "lb.example"
MEMBERS = 4  # of each site


class Sites:
    """`count` sites www0, www1, …, each on four of `nodes` nodes, whose addresses count up from
    10.0.0.1. Neighbours share pools, as at a provider that sells places on groups of four servers;
    `distinct` draws a pool for each site instead, so that hardly two are the same."""

    def __init__(self, count, nodes, distinct=False):
        self.count, self.nodes = count, nodes
        if distinct:
            draw = random.Random(1)
            self._pools = [draw.sample(range(nodes), MEMBERS) for _ in range(count)]
            return
        # Fewer sites than would take up all nodes: spread over them all the same.
        stride = max(1, nodes // (count * MEMBERS))
        period = nodes if nodes % MEMBERS else max(1, nodes // MEMBERS)
        self._pools = [[(i * MEMBERS + m) * stride % nodes for m in range(MEMBERS)]
                       for i in range(min(count, period))]

    def members(self, i):
        """The addresses of the ith site."""
        return [address(n) for n in self._pools[i % len(self._pools)]]

    def nodes_addresses(self):
        return [address(n) for n in range(self.nodes)]

    def name(self, i):
        return f"www{i}.{APEX}"

    @property
    def last(self):
        return self.count - 1

    def pattern(self):
        """All names, in the words of dnsload."""
        return f"www{{0-{self.last}}}.{APEX}"

    def write(self, path, record=None, serial=1):
        """A master file. Each site has its members' addresses, or the one `record` for all."""
        bodies = ([[f" 0 {record}\n"]] if record else
                  [[f" 0 A {address(n)}\n" for n in pool] for pool in self._pools])
        with open(path, "w", encoding="ascii", buffering=1 << 20) as out:
            out.write(f"$ORIGIN {APEX}.\n@ 3600 SOA ns1 hostmaster {serial} 3600 600 86400 5\n"
                      "@ 3600 NS ns1\nns1 3600 A 192.0.2.53\n")
            out.writelines(f"www{i}{line}" for i in range(self.count)
                           for line in bodies[i % len(bodies)])
        return path


def address(node):
    number = (10 << 24) + 1 + node
    return ".".join(str(number >> shift & 255) for shift in (24, 16, 8, 0))
