import { describe, expect, it } from "vitest";
import { readCgroupLimits } from "./cgroup.ts";

function limitsOf(files: Readonly<Record<string, string>>) {
	return readCgroupLimits((path) => files[path] ?? null);
}

describe("readCgroupLimits", () => {
	it("finds none where nothing is limited", () => {
		const none = {
			cpuQuota: null,
			memoryLimitBytes: null,
			memoryUsedBytes: null,
		};
		expect(limitsOf({})).toEqual(none);
		expect(
			limitsOf({
				"/proc/self/cgroup": "0::/\n",
				"/sys/fs/cgroup/cpu.max": "max 100000\n",
				"/sys/fs/cgroup/memory.max": "max\n",
				"/sys/fs/cgroup/memory.current": "1000\n",
			}),
		).toEqual(none);
	});

	it("reads a container of version 2", () => {
		expect(
			limitsOf({
				"/proc/self/cgroup": "0::/\n",
				"/sys/fs/cgroup/cpu.max": "150000 100000\n",
				"/sys/fs/cgroup/memory.max": "4294967296\n",
				"/sys/fs/cgroup/memory.current": "1073741824\n",
				"/sys/fs/cgroup/memory.stat":
					"anon 1\ninactive_file 73741824\nactive_file 5\n",
			}),
		).toEqual({
			cpuQuota: 1.5,
			memoryLimitBytes: 4294967296,
			memoryUsedBytes: 1_000_000_000,
		});
	});

	it("takes the tightest limit of a unit and everything above it", () => {
		expect(
			limitsOf({
				"/proc/self/cgroup": "0::/user.slice/app.service\n",
				"/sys/fs/cgroup/user.slice/cpu.max": "200000 100000\n",
				"/sys/fs/cgroup/user.slice/memory.max": "1000\n",
				"/sys/fs/cgroup/user.slice/app.service/cpu.max": "400000 100000\n",
				"/sys/fs/cgroup/user.slice/app.service/memory.max": "5000\n",
				"/sys/fs/cgroup/user.slice/app.service/memory.current": "4500\n",
			}),
		).toEqual({ cpuQuota: 2, memoryLimitBytes: 5000, memoryUsedBytes: 4500 });
	});

	it("reads a container of version 1, whose own path isn't mounted in it", () => {
		expect(
			limitsOf({
				"/proc/self/cgroup":
					"5:cpu,cpuacct:/docker/abc\n4:memory:/docker/abc\n0::/docker/abc\n",
				"/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "50000\n",
				"/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
				"/sys/fs/cgroup/memory/memory.limit_in_bytes": "2147483648\n",
				"/sys/fs/cgroup/memory/memory.usage_in_bytes": "147483648\n",
				"/sys/fs/cgroup/memory/memory.stat": "total_inactive_file 47483648\n",
			}),
		).toEqual({
			cpuQuota: 0.5,
			memoryLimitBytes: 2147483648,
			memoryUsedBytes: 100_000_000,
		});
	});

	it("knows how version 1 writes that there is no limit", () => {
		expect(
			limitsOf({
				"/proc/self/cgroup": "4:memory:/\n1:cpu:/\n",
				"/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
				"/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
			}),
		).toMatchObject({ cpuQuota: null, memoryLimitBytes: null });
	});

	it("does not follow a path upwards", () => {
		expect(
			limitsOf({
				"/proc/self/cgroup": "0::/../../etc\n",
				"/sys/fs/cgroup/etc/memory.max": "7\n",
			}),
		).toMatchObject({
			memoryLimitBytes: 7,
		});
	});
});
