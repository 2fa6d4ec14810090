#include "host/placement.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <utility>
#include <vector>

#include "host/text.hpp"

namespace carbonfront {

namespace {

constexpr const char* kNames[] = {"counts", "front", "ranks", "witnesses", "emissions"};  // by Answer

unsigned bit_of(Answer answer) { return 1u << static_cast<int>(answer); }

const Placement* find(std::span<const Placement> table, Answer answer, std::uint32_t objectives, std::uint64_t rows) {
  const auto found = std::find_if(table.begin(), table.end(), [&](const Placement& entry) {
    return entry.answer == answer && entry.least_objectives <= objectives && objectives <= entry.most_objectives &&
           entry.least_rows <= rows;
  });
  return found == table.end() ? nullptr : &*found;
}

/// The answers that a request asks for, as bits.
unsigned answers_of(const VerdictRequest& wanted) {
  unsigned answers = 0;
  if (wanted.dominated_by || wanted.dominates) answers |= bit_of(Answer::counts);
  if (wanted.rank) answers |= bit_of(Answer::ranks);
  if (wanted.witness) answers |= bit_of(Answer::witnesses);
  return answers ? answers : bit_of(Answer::front);
}

/// What of a request is among some answers.
VerdictRequest among(VerdictRequest wanted, unsigned answers) {
  if (!(answers & bit_of(Answer::counts))) wanted.dominated_by = wanted.dominates = false;
  if (!(answers & bit_of(Answer::ranks))) wanted.rank = false;
  if (!(answers & bit_of(Answer::witnesses))) wanted.witness = false;
  return wanted;
}

/// "counts, front and ranks", of answers as bits.
std::string names_of(unsigned answers) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < std::size(kNames); ++i)
    if (answers >> i & 1) names.emplace_back(kNames[i]);
  if (names.size() < 2) return join(names, "");
  const std::string last = names.back();
  names.pop_back();
  return join(names, ", ") + " and " + last;
}

std::string entry_text(const Placement& entry) {
  std::string text = kNames[static_cast<int>(entry.answer)];
  if (entry.most_objectives > 0)
    text += fmt::format(" of {} {} {} objectives", entry.least_objectives,
                        entry.most_objectives - entry.least_objectives == 1 ? "or" : "to", entry.most_objectives);
  text += fmt::format(" from {} rows on", grouped_digits(entry.least_rows));
  if (entry.alone) text += " where nothing is left for the cpu";
  return text + (entry.measured ? "" : " (predicted)");
}

/// Both sessions, the table, and what ran where.
class SharedSession : public Session {
 public:
  SharedSession(OpenBackend device, OpenBackend cpu, std::span<const Placement> table)
      : device_(std::move(device)), cpu_(std::move(cpu)), table_(table.begin(), table.end()) {}

  void emissions(std::span<const EmissionStep> steps, std::size_t rows, EmissionColumns out,
                 const Progress& progress) override {
    choose(Answer::emissions, 0, rows).emissions(steps, rows, out, progress);
  }

  Verdict evaluate(PointsView points, VerdictRequest wanted, Progress& progress) override {
    SharedRequest request = shared_request(table_, wanted, points.objective_count, points.size);
    Verdict verdict;
    if (request.on_device) {
      verdict = device_.session->evaluate(points, request.device, progress);
      ran_on_device_ |= answers_of(request.device) | bit_of(Answer::front);
      request.cpu.known_front = verdict.nondominated.data();
    }
    if (!request.on_cpu) return verdict;
    Verdict rest = cpu_.session->evaluate(points, request.cpu, progress);
    ran_on_cpu_ |= answers_of(request.cpu) | (request.on_device ? 0 : bit_of(Answer::front));
    if (!request.on_device) return rest;
    if (request.cpu.dominated_by) verdict.dominated_by = std::move(rest.dominated_by);
    if (request.cpu.dominates) verdict.dominates = std::move(rest.dominates);
    if (request.cpu.rank) verdict.rank = std::move(rest.rank);
    if (request.cpu.witness) verdict.witness = std::move(rest.witness);
    const VerdictSeconds &one = verdict.seconds, &other = rest.seconds;
    verdict.seconds = {one.order + other.order, one.front + other.front, one.counts + other.counts, one.rank + other.rank};
    return verdict;
  }

  CrossCounts count_against(PointsView points, CrossRequest wanted, Progress& progress) override {
    return choose(Answer::counts, points.objective_count, points.size).count_against(points, wanted, progress);
  }

  std::vector<std::uint32_t> find_front(PointsView points, bool exactly, Progress& progress) override {
    return choose(Answer::front, points.objective_count, points.size).find_front(points, exactly, progress);
  }

  std::string ran_where() override {
    std::vector<std::string> texts;
    for (auto& [ran, backend] : {std::pair{&ran_on_device_, &device_}, {&ran_on_cpu_, &cpu_}})
      if (const unsigned answers = ran->exchange(0)) texts.push_back(names_of(answers) + " on " + backend->name);
    return join(texts, "; ");
  }

 private:
  /// Chooses for one answer, and notes where it ran.
  Session& choose(Answer answer, std::uint32_t objectives, std::uint64_t rows) {
    const bool on_device = is_on_device(table_, answer, objectives, rows);
    (on_device ? ran_on_device_ : ran_on_cpu_) |= bit_of(answer);
    return *(on_device ? device_ : cpu_).session;
  }

  OpenBackend device_, cpu_;
  std::vector<Placement> table_;
  std::atomic<unsigned> ran_on_device_{0}, ran_on_cpu_{0};
};

}  // namespace

bool is_on_device(std::span<const Placement> table, Answer answer, std::uint32_t objectives, std::uint64_t rows) {
  return find(table, answer, objectives, rows) != nullptr;
}

SharedRequest shared_request(std::span<const Placement> table, VerdictRequest wanted, std::uint32_t objectives,
                             std::uint64_t rows) {
  const unsigned answers = answers_of(wanted);
  unsigned placed = 0, alone = 0;
  for (std::size_t i = 0; i < std::size(kNames); ++i) {
    if (!(answers >> i & 1)) continue;
    const Placement* entry = find(table, static_cast<Answer>(i), objectives, rows);
    if (entry) placed |= 1u << i;
    if (entry && entry->alone) alone |= 1u << i;
  }
  if (placed != answers) placed &= ~alone;
  const unsigned left = answers & ~placed;
  return {placed != 0, left != 0, among(wanted, placed), among(wanted, left)};
}

OpenBackend shared_backend(OpenBackend device, OpenBackend cpu, std::span<const Placement> table) {
  OpenBackend backend;
  backend.name = device.name + "+" + cpu.name;
  backend.description = device.description + ", and " + cpu.description;
  for (const Placement& entry : table) backend.shares += device.name + " for " + entry_text(entry) + ", ";
  backend.shares += cpu.name + " for the rest";
  backend.session = std::make_unique<SharedSession>(std::move(device), std::move(cpu), table);
  return backend;
}

}  // namespace carbonfront
