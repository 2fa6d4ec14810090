#include "host/run/scores.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>
#include <utility>

namespace carbonfront {

namespace {

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

std::vector<std::pair<std::string, double>> seconds_by_phase(const Scores& scores) {
  VerdictSeconds sum;
  double figures = 0;
  for (const ViewScores& view : scores.views) {
    const VerdictSeconds& one = view.verdict.seconds;
    sum = {sum.order + one.order, sum.front + one.front, sum.counts + one.counts, sum.rank + one.rank};
    figures += view.figures_seconds;
  }
  return {{"read", scores.load.read},
          {"decode", scores.load.decode},
          {"emissions", scores.load.emissions},
          {"order", sum.order},
          {"front", sum.front + scores.load.front},
          {"counts", sum.counts},
          {"rank", sum.rank},
          {"figures", figures},
          {"write", scores.load.write + scores.write_seconds},
          {"total", seconds_since(scores.begin)}};
}

}  // namespace

OpenBackend open_for(const Plan& plan, std::uint64_t rows, Judging judging, const BackendChoice& choice) {
  DeviceChoice device = choice.device;
  device.has_work = device_has_work(plan, rows, judging);
  return open_backend(choice.name, device);
}

void note_what_ran_where(const std::string& what, Session& session, std::vector<std::string>& lines) {
  if (const std::string where = session.ran_where(); !where.empty()) lines.push_back(what + ": " + where);
}

void judge_views(const Plan& plan, Session& session, Progress& progress, Scores& scores) {
  note_what_ran_where("while rows were read", session, scores.ran_where);
  for (std::size_t i = 0; i < plan.views.size(); ++i) scores.views.push_back(rate(plan, scores.data, i));
  for (std::size_t i = 0; i < plan.views.size(); ++i) {
    judge(plan, scores.data, i, session, progress, scores.views[i]);
    note_what_ran_where("view '" + plan.views[i].spec.name + "'", session, scores.ran_where);
  }
}

void write_result(const Plan& plan, Progress& progress, Provenance& provenance, Draft& draft) {
  Scores& scores = draft.scores;
  auto begin = std::chrono::steady_clock::now();
  draft.file.write([&](hid_t file) { write_scores(file, plan, scores.data, scores.views, *draft.rows, progress); });
  scores.write_seconds = seconds_since(begin);
  provenance.seconds = seconds_by_phase(scores);
  draft.file.write([&](hid_t file) { write_provenance(file, plan, provenance); });
  progress.throw_if_stopped();
  draft.rows->close();
}

void deliver(Provenance& provenance, Draft& draft) {
  auto begin = std::chrono::steady_clock::now();
  draft.file.commit();
  draft.scores.write_seconds += seconds_since(begin);
  provenance.seconds = seconds_by_phase(draft.scores);
}

Provenance provenance_now(const std::string& command_line, const std::string& backend, int threads,
                          const std::vector<InputIdentity>& inputs) {
  Provenance provenance;
  provenance.command_line = command_line;
  provenance.backend = backend;
  provenance.threads = threads;
  provenance.started = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
  for (const InputIdentity& input : inputs) {
    provenance.fingerprints.push_back(input.fingerprint);
    provenance.modified.push_back(static_cast<std::uint64_t>(input.modified));
    if (!input.sha256.empty()) provenance.sha256.push_back(input.sha256);
  }
  return provenance;
}

}  // namespace carbonfront
