#!/usr/bin/env python3
"""Everything that happens to batch jobs on a cluster, on a real Slurm of the test's own; the result is that of one run.

usage: slurm_faults.py PROGRAM [NAME...]     NAME: of tests, such as Faults.test_a_task_cancelled_with_scancel_...
"""
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

from slurm_cluster import Cluster, NotUp, wait_until
from slurm_work import SPEC, Work

PROGRAM = Path(sys.argv[1]).resolve()
cluster = scratch = slow = None


def setUpModule():
    global cluster, scratch, slow
    scratch = tempfile.TemporaryDirectory(prefix="carbonfront-slurm-work-")
    cluster = Cluster()
    try:
        cluster.start()
    except NotUp as error:
        if not error.cause:
            raise
        print(f"skipped: {error}")  # ctest looks for this
        sys.exit()
    slow = TimeLimits()


def tearDownModule():
    cluster.stop()
    scratch.cleanup()


def new_work(name, **options):
    return Work(cluster, PROGRAM, Path(scratch.name) / name, **options)


class TimeLimits:
    """Slurm looks at time limits every half minute: these two wait for theirs, frozen, while other tests run."""

    def __init__(self):
        self.told = new_work("time limit, told before")
        self.told.write("--time", "1")
        score = self.told.batch / "score.sh"
        score.write_text(score.read_text().replace("--signal=B:USR1@6", "--signal=B:USR1@58"))
        threading.Thread(target=self.thaw_when_told, args=self.told.submit_freezing(2), daemon=True).start()
        self.ended = new_work("time limit, not told")
        self.ended.write("--time", "1")
        score = self.ended.batch / "score.sh"
        score.write_text(re.sub(r"#SBATCH --signal.*\n", "", score.read_text()))
        self.ended.submit_freezing(1)

    def thaw_when_told(self, process):
        wait_until(lambda: self.told.has_pending(process, signal.SIGUSR1), "Slurm tells nothing before the time limit", 90)
        self.told.speed_up()
        self.told.thaw(process)


class Jobs(unittest.TestCase):
    """What works without disturbance."""

    def test_run_in_order_and_end_in_the_result_of_one_run(self):
        work = new_work("order")
        done = work.carbonfront(*work.command("--submit", "--wait", "--cpus-per-task", "2", "--mem", "600"))
        jobs = work.jobs()
        self.assertEqual(list(jobs), ["score", "count", "merge"])
        for line in (r"score +4 tasks +at once +up to ", r"count +4 tasks +after all of score succeed .*, for view training\n",
                     r"merge +one task +after all of count succeed ", f"score: job {jobs['score']}, tasks 0-3\n",
                     f"count: job {jobs['count']}, tasks 0-3, after {jobs['score']}\n",
                     f"merge: job {jobs['merge']}, after {jobs['count']}\n", "r.h5 is complete"):
            self.assertRegex(done.stdout, line)
        self.assertEqual(work.digest(), work.digest_of_one_run())
        self.assertIn("VIEW training", work.log("merge"))
        log = work.log("score-2")
        self.assertRegex(log, rf"score-2, \S+, job {jobs['score']}_2, restart 0: starts")
        self.assertIn(f"job {jobs['score']}_2: 2 threads, 540 MiB of memory", log)
        self.assertNotIn("\r", log)
        self.assertNotIn("#####", log)

    def test_need_no_counting_where_no_view_asks_for_it(self):
        work = new_work("fronts", spec='[[view]]\nname = "v"\nobjectives = ["accuracy:max", "params:min"]\noutputs = ["rank"]\n')
        work.carbonfront(*work.command("--submit", "--wait"))
        self.assertEqual(list(work.jobs()), ["score", "merge"])
        self.assertEqual(work.digest(), work.digest_of_one_run())

    def test_may_have_any_character_in_their_paths(self):
        work = new_work("it's a \"sweep\", 100 % %a $HOME `x` ; & é")
        work.carbonfront(*work.command("--submit", "--wait"))
        self.assertEqual(work.digest(), work.digest_of_one_run())
        refused = work.carbonfront("slurm", "-o", work.folder / "a\\b.h5", "--wait", expect=2)
        self.assertIn("backslash", refused.stderr)

    def test_have_a_gpu_each_where_asked_for(self):
        work = new_work("gpus", rows=2000)
        work.carbonfront(*work.command("--submit", "--wait", "--gpus-per-task", "1"))
        for task in range(4):
            self.assertRegex(work.log(f"score-{task}"), "starts on GPU [01]\n")
        self.assertNotIn("on GPU", work.log("merge"))
        refused = work.carbonfront(*work.command("--gpus-per-task", "2"), expect=2)
        self.assertIn("a process uses one GPU", refused.stderr)

    def test_are_not_submitted_twice_onto_one_output(self):
        work = new_work("twice")
        work.write()
        work.submit()
        first = work.jobs()
        again = work.submit(expect=2)
        self.assertIn("were submitted before", again.stderr)
        self.assertIn("have not all ended", work.submit("--missing", expect=2).stderr)
        self.assertIn("exists", work.carbonfront(*work.command("--submit"), expect=2).stderr)
        self.assertEqual(work.jobs(), first)
        work.speed_up()
        work.submit("--force")
        self.assertNotEqual(work.jobs(), first)
        work.wait()
        wait_until(lambda: "COMPLETED" in work.state(first["merge"]) or "FAILED" in work.state(first["merge"]), "first merge", 60)
        self.assertEqual(work.digest(), work.digest_of_one_run())
        self.assertIn("never overwritten", work.submit("--missing", expect=2).stderr)

    def test_that_sbatch_refuses_leave_nothing_behind(self):
        work = new_work("refused", rows=2000)
        refused = work.carbonfront(*work.command("--submit", "--partition", "nowhere"), expect=2)
        self.assertRegex(refused.stderr, "invalid partition")
        self.assertIn("nothing is left in the queue", refused.stderr)
        self.assertFalse((work.batch / "jobs").exists())
        work.carbonfront(*work.command("--submit", "--wait", "--force"))
        self.assertEqual(work.digest(), work.digest_of_one_run())


class Readme(unittest.TestCase):
    """What the README says about clusters, as a new user does it."""

    def test_its_commands_lead_to_the_result_of_one_run_though_a_task_is_killed_and_requeued(self):
        text = (Path(__file__).resolve().parent.parent / "README.md").read_text()
        commands = re.search(r"\n## On a cluster\n.*?\n```sh\n(.*?)```", text, re.DOTALL).group(1)
        before, submit, after = re.match(r"(.*\n)(\S*submit\.sh)[^\n]*\n(.*)", commands, re.DOTALL).groups()
        folder = Path(scratch.name) / "readme"
        folder.mkdir()
        environment = cluster.environment | {"PATH": f"{PROGRAM.parent}:{cluster.environment['PATH']}"}

        def follow(lines):
            done = subprocess.run(["bash", "-e"], input=lines, cwd=folder, env=environment, text=True, capture_output=True)
            self.assertEqual(done.returncode, 0, lines + done.stdout + done.stderr)
            return done.stdout

        follow(before)
        work = new_work("readme", spec=None, sweep=[folder / "sweep.h5"], shards=8, result="result.h5")
        work.slow_down(batch_rows=8)
        frozen = work.freezing(3)
        follow(submit)
        [process] = frozen()
        work.speed_up()
        cluster.run("scontrol", "requeue", f"{work.jobs()['score']}_3")
        work.thaw(process)
        told = follow(after)
        self.assertIn("restart 1: starts", work.log("score-3"))
        self.assertEqual(told.splitlines()[-1].split()[0], work.digest_of_one_run())


class Faults(unittest.TestCase):
    """Nothing is lost: once the missing shards ran again, the result has the digest of one run."""

    def expect_no_result(self, work, code, *words):
        ended = work.wait(expect=code)
        for word in words:
            self.assertIn(word, ended.stderr)
        self.assertFalse(work.result.exists(), "the merge ran, though a task had failed")
        self.assertEqual(work.log("merge"), "")

    def expect_whole(self, work, *, again=True):
        work.speed_up()
        if again:
            work.submit("--missing")
        work.wait()
        self.assertEqual(work.digest(), work.digest_of_one_run())
        self.assertEqual([path.name for path in work.folder.glob("*.checkpoint")], [])

    def test_a_task_cancelled_with_scancel_keeps_a_checkpoint(self):
        work = new_work("scancel")
        work.write()
        [process] = work.submit_freezing(1)
        cluster.run("scancel", f"{work.jobs()['score']}_1")
        work.thaw(process)
        self.expect_no_result(work, 143, "score-1 ended with code 143", "submit.sh --missing")
        self.assertTrue(work.checkpoint(1).exists())
        self.expect_whole(work)
        self.assertIn("going on at row", work.log("score-1"))
        self.assertEqual(work.log("score-0").count(": starts"), 1)

    def test_a_task_whose_program_is_killed(self):
        work = new_work("kill program")
        work.write()
        [process] = work.submit_freezing(2)
        os.kill(process, signal.SIGKILL)
        self.expect_no_result(work, 137, "score-2 ended with code 137")
        self.expect_whole(work)

    def test_a_task_that_is_killed_as_a_whole(self):
        work = new_work("kill task")
        work.write()
        [process] = work.submit_freezing(3)
        script = work.parent_of(process)
        os.kill(script, signal.SIGKILL)
        os.kill(process, signal.SIGKILL)
        self.expect_no_result(work, 137, "score-3 ended with code 137")
        self.expect_whole(work)

    def test_a_task_requeued_in_the_middle_goes_on_by_itself(self):
        work = new_work("requeue")
        work.write()
        [process] = work.submit_freezing(0)
        work.speed_up()
        cluster.run("scontrol", "requeue", f"{work.jobs()['score']}_0")
        work.thaw(process)
        self.expect_whole(work, again=False)
        self.assertIn("restart 1: starts", work.log("score-0"))

    def test_a_task_told_to_stop_goes_back_into_the_queue(self):
        work = new_work("usr1")
        work.write()
        [process] = work.submit_freezing(0)
        work.speed_up()
        cluster.run("scancel", "--batch", "--signal=USR1", f"{work.jobs()['score']}_0")
        wait_until(lambda: work.has_pending(process, signal.SIGUSR1), "the script does not pass SIGUSR1 on")
        work.thaw(process)
        self.expect_whole(work, again=False)
        log = work.log("score-0")
        self.assertIn("stopped with a checkpoint; goes on when the queue lets it", log)
        self.assertRegex(log, "restart 1: starts[^$]*going on at row ")

    def test_a_task_goes_back_into_the_queue_as_often_as_allowed(self):
        work = new_work("restarts")
        work.write("--restarts", "0")
        [process] = work.submit_freezing(0)
        cluster.run("scancel", "--batch", "--signal=USR1", f"{work.jobs()['score']}_0")
        wait_until(lambda: work.has_pending(process, signal.SIGUSR1), "the script does not pass SIGUSR1 on")
        work.thaw(process)
        self.expect_no_result(work, 138, "score-0 ended with code 138")
        self.assertIn("raise most_restarts", work.log("score-0"))
        self.expect_whole(work)

    def test_a_node_daemon_killed_and_restarted_under_running_jobs(self):
        work = new_work("slurmd")
        work.write()
        processes = work.submit_freezing(0, 1, 2, 3)
        for node in ("n1", "n2"):
            cluster.daemons[node].kill()
            cluster.daemons[node].wait()
        work.speed_up()
        for process in processes:
            work.thaw(process)
        for node in ("n1", "n2"):
            cluster.start_node(node)
        self.expect_whole(work, again=False)

    def test_a_shard_that_fails_on_bad_input_says_why_and_stops_the_merge(self):
        work = new_work("bad input")
        work.write()
        stored = work.sweep[0].read_bytes()
        spec = (work.batch / "spec.toml").read_text()
        (work.batch / "spec.toml").write_text(spec.replace("accuracy >= 20", "colour == 'red'"))
        work.submit()
        self.expect_no_result(work, 3, "score-0 ended with code 3", "column 'colour'", "submit.sh --missing")
        (work.batch / "spec.toml").write_text(spec)
        self.assertEqual(work.sweep[0].read_bytes(), stored)
        self.expect_whole(work)

    def test_a_missing_value_that_is_refused_names_its_row(self):
        spec = '[[view]]\nname = "v"\nobjectives = ["accuracy:max", "params:min"]\nmissing = "error"\n'
        work = new_work("missing value", spec=spec, rows=4000)
        work.carbonfront(*work.command("--submit"))
        self.expect_no_result(work, 3, "column 'accuracy'", "row ")

    def test_two_tasks_given_the_same_shard(self):
        work = new_work("same shard")
        work.write()
        [process] = work.submit_freezing(1)
        second = cluster.run("sbatch", "--parsable", "--array=1", "score.sh", cwd=work.batch).stdout.strip()
        work.speed_up()
        wait_until(lambda: work.part(1).exists(), "the second task does not do the shard", 60)
        wait_until(lambda: "COMPLETED" in work.state(second), "the second task does not end", 60)
        work.thaw(process)
        self.expect_whole(work, again=False)

    def test_a_part_deleted_before_the_merge(self):
        work = new_work("deleted part")
        work.write()
        work.speed_up()
        work.submit()
        merge = work.jobs()["merge"]
        cluster.run("scontrol", "hold", merge)
        wait_until(lambda: len(list(work.folder.glob("*.counts"))) == 4, "the counts are not done", 60)
        work.part(2).unlink()
        cluster.run("scontrol", "release", merge)
        ended = work.wait(expect=3)
        self.assertIn("merge ended with code 3", ended.stderr)
        self.assertIn("run shards 2 again", ended.stderr)
        self.assertFalse(work.result.exists())
        self.expect_whole(work)
        self.assertEqual(work.log("score-1").count(": starts"), 1)

    def test_a_stale_checkpoint_is_refused_naming_the_difference(self):
        work = new_work("stale checkpoint")
        other = new_work("stale checkpoint, of another spec", spec=SPEC.replace(">= 20", ">= 30"), sweep=work.sweep)
        other.write()
        [process] = other.submit_freezing(2)
        cluster.run("scancel", other.jobs()["score"])
        other.thaw(process)
        wait_until(other.checkpoint(2).exists, "no checkpoint")
        stale = other.checkpoint(2).read_bytes()
        work.checkpoint(2).write_bytes(stale)
        refused = work.carbonfront(*work.command(), expect=3)
        self.assertIn("made with another spec", refused.stderr)
        work.checkpoint(2).unlink()
        work.write()
        work.checkpoint(2).write_bytes(stale)
        work.submit()
        self.expect_no_result(work, 3, "score-2 ended with code 3", "made with another spec", work.checkpoint(2).name)
        self.assertEqual(work.checkpoint(2).read_bytes(), stale)
        work.checkpoint(2).unlink()
        self.expect_whole(work)


class ZTimeLimits(unittest.TestCase):
    """The end of what began with the first test."""

    def test_1_a_task_told_before_its_time_limit_goes_on_by_itself(self):
        work = slow.told
        work.wait()
        self.assertEqual(work.digest(), work.digest_of_one_run())
        self.assertRegex(work.log("score-2"), "restart 1: starts[^$]*going on at row ")

    def test_2_a_task_ended_by_its_time_limit_keeps_a_checkpoint(self):
        work = slow.ended
        ended = work.wait(expect=143)
        self.assertIn("score-1 ended with code 143", ended.stderr)
        self.assertTrue(work.checkpoint(1).exists())
        self.assertFalse(work.result.exists())
        work.speed_up()
        work.submit("--missing")
        work.wait()
        self.assertEqual(work.digest(), work.digest_of_one_run())
        self.assertIn("going on at row", work.log("score-1"))


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "--verbose", *sys.argv[2:]])
