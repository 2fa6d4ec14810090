// From lines of measurements to one JSON file and one table.

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <iostream>

#include "bench/gpu_bench.hpp"

namespace carbonfront::bench {

using nlohmann::json;

namespace {

/// "NVIDIA H200" → "h200".
std::string file_name_of(std::string device) {
  std::string name;
  for (const char c : device) name += std::isalnum(static_cast<unsigned char>(c)) ? static_cast<char>(std::tolower(c)) : '-';
  if (name.starts_with("nvidia-")) name.erase(0, 7);
  return name;
}

std::string text_of(const json& line, const char* key) {
  if (!line.contains(key)) return "";
  return line[key].is_string() ? line[key].get<std::string>() : line[key].dump();
}

std::string seconds_text(const json& line, const char* key) {
  if (!line.contains(key) || !line[key].is_number()) return "not measured";
  const double seconds = line[key];
  return seconds < 1e-3 ? fmt::format("{:.1f} µs", 1e6 * seconds)
         : seconds < 1  ? fmt::format("{:.3g} ms", 1e3 * seconds)
                        : fmt::format("{:.3g} s", seconds);
}

std::string rows_text(const json& line) {
  std::string text = text_of(line, "rows");
  if (line.contains("objectives")) text += " × " + line["objectives"].dump();
  return text;
}

void write_steps(std::ofstream& out, const std::vector<json>& lines) {
  out << "\n## Checks\n\n| step | outcome | seconds |\n|---|---|---:|\n";
  for (const json& step : of_kind(lines, "step"))
    out << fmt::format("| {} | {} | {} |\n", text_of(step, "name"), text_of(step, "outcome"), text_of(step, "seconds"));
}

void write_ceilings(std::ofstream& out, const std::vector<json>& lines) {
  for (const json& c : of_kind(lines, "ceilings"))
    out << fmt::format(
        "\n## Ceilings\n\n| copy | compares | u32 keys sorted | u64 keys sorted |\n|---:|---:|---:|---:|\n"
        "| {:.4g} GB/s | {:.4g} T/s | {:.4g} G/s | {:.4g} G/s |\n",
        c["copied_bytes_per_second"].get<double>() / 1e9, c["compares_per_second"].get<double>() / 1e12,
        c["sorted_u32_per_second"].get<double>() / 1e9, c["sorted_u64_per_second"].get<double>() / 1e9);
}

/// Of each row the line that was written last.
std::vector<json> last_of_each_row(const std::vector<json>& lines) {
  std::vector<json> rows;
  for (const json& line : of_kind(lines, "headline")) {
    const auto same = std::find_if(rows.begin(), rows.end(), [&](const json& row) { return row["row"] == line["row"]; });
    if (same == rows.end())
      rows.push_back(line);
    else
      *same = line;
  }
  return rows;
}

void write_headline(std::ofstream& out, const std::vector<json>& rows) {
  out << "\n## Headline\n\nDevice: float64 columns in device memory to answers in device memory, median (least) by the "
         "host's "
         "clock. Host: host memory to host memory.\nPredicted is what reading the kernels said before anything was "
         "measured.\n\n"
         "| row | device | predicted | goal | bound | of what | fraction | launches | waits | allocations | host | CPU, "
         "same "
         "machine | equal |\n|---|---:|---:|---:|---:|---|---:|---:|---:|---:|---:|---:|---|\n";
  for (const json& row : rows) {
    const json& device = row["device"];
    const json none = json::object();
    const auto way = [&](const char* key) { return row.contains(key) ? row[key] : none; };
    const auto stated = [&](const char* key) { return row[key] == 0.0 ? "–" : seconds_text(row, key); };
    out << fmt::format("| {} | {} ({}) | {} | {} | {} | {} | {:.3g} % | {} | {} | {} | {} | {} | {} |\n",
                       text_of(row, "row"), seconds_text(device, "seconds"), seconds_text(device, "least"),
                       stated("predicted_seconds"), stated("goal_seconds"), seconds_text(row, "bound_seconds"),
                       text_of(row, "bound"), 100 * row["fraction"].get<double>(), text_of(device, "launches"),
                       text_of(device, "waits"), text_of(device, "allocations"), seconds_text(way("host"), "seconds"),
                       seconds_text(way("cpu"), "seconds"), text_of(row, "equal"));
  }
}

/// By what was launched: where a row's microseconds went.
void write_breakdown(std::ofstream& out, const std::vector<json>& rows) {
  constexpr std::size_t kMost = 6;
  out << "\n## Where the time goes\n\nA pair of events around every launch of a call of its own, which keeps neighbours "
         "from "
         "overlapping; a device-wide call is one line.\n\n| row | launched | times | microseconds |\n|---|---|---:|---:|\n";
  for (const json& row : rows) {
    const json& lines = row["device"]["by_name"];
    for (std::size_t i = 0; i < lines.size() && i < kMost; ++i)
      out << fmt::format("| {} | {} | {} | {:.1f} |\n", i == 0 ? text_of(row, "row") : "", text_of(lines[i], "name"),
                         text_of(lines[i], "times"), lines[i]["microseconds"].get<double>());
  }
}

void write_profiles(std::ofstream& out, const std::vector<json>& lines) {
  out << "\n## Kernels under Nsight Compute\n\n| row | kernel | launches | microseconds | what else "
         "|\n|---|---|---:|---:|---|\n";
  for (const json& line : of_kind(lines, "profile"))
    out << fmt::format("| {} | {} | {} | {:.1f} | {} |\n", text_of(line, "row"), text_of(line, "name"),
                       text_of(line, "times"), line.value("microseconds", 0.0), text_of(line, "metrics"));
}

void write_others(std::ofstream& out, const std::vector<json>& lines) {
  out << "\n## Rows in blocks, for want of memory\n\n| row | memory | host to host | equal |\n|---|---:|---:|---|\n";
  for (const json& line : of_kind(lines, "blocks"))
    out << fmt::format("| {} | {:.0f} MB | {} | {} |\n", text_of(line, "row"), line["memory_limit"].get<double>() / 1e6,
                       seconds_text(line, "seconds"), text_of(line, "equal"));
  out << "\n## From file to result\n\n| backend | rows | seconds | same digest as the CPU's |\n|---|---:|---:|---|\n";
  for (const json& line : of_kind(lines, "end_to_end"))
    out << fmt::format("| {} | {} | {} | {} |\n", text_of(line, "backend"), text_of(line, "rows"),
                       seconds_text(line, "seconds"), text_of(line, "equal"));
  out << "\n## Peers on the same points\n\n| peer | rows | peer's time | equal | why not |\n|---|---:|---:|---|---|\n";
  for (const json& line : of_kind(lines, "peer"))
    out << fmt::format("| {} | {} | {} | {} | {} |\n", text_of(line, "name"), rows_text(line), seconds_text(line, "seconds"),
                       text_of(line, "equal"), text_of(line, "why"));
}

}  // namespace

std::vector<json> measured_lines(const std::string& folder) {
  std::vector<json> lines;
  std::ifstream file(folder + "/measurements.jsonl");
  for (std::string text; std::getline(file, text);) {
    json line = json::parse(text, nullptr, false);
    if (line.is_object() && line.contains("kind")) lines.push_back(std::move(line));
  }
  return lines;
}

std::vector<json> of_kind(const std::vector<json>& lines, const std::string& kind) {
  std::vector<json> some;
  for (const json& line : lines)
    if (line["kind"] == kind) some.push_back(line);
  return some;
}

int write_report(const std::string& folder, const std::string& date, const std::string& with) {
  std::vector<json> lines = measured_lines(folder);
  if (!with.empty()) {
    std::vector<json> before = json::parse(std::ifstream(with))["lines"];
    before.insert(before.end(), lines.begin(), lines.end());
    lines = std::move(before);
  }
  const std::vector<json> devices = of_kind(lines, "device");
  const std::string device = devices.empty() ? "no device" : devices.back()["name"].get<std::string>();
  bool emulated = false;
  for (const json& line : lines) emulated |= line.value("emulated", false);
  const std::string name = folder + "/" + date + "-" + file_name_of(device);
  json all = {{"date", date}, {"device", device}, {"emulated", emulated}, {"lines", lines}};
  std::ofstream(name + ".json") << all.dump(1) << '\n';
  std::ofstream table(name + ".md");
  table << "# " << device << ", " << date << "\n\n";
  if (emulated)
    table
        << "**EMULATED: the device's code on this processor, to try the script. Nothing here is a measurement of a GPU.**\n";
  for (const json& line : of_kind(lines, "machine")) table << text_of(line, "text") << "\n";
  write_steps(table, lines);
  write_ceilings(table, lines);
  const std::vector<json> rows = last_of_each_row(lines);
  write_headline(table, rows);
  write_breakdown(table, rows);
  write_profiles(table, lines);
  write_others(table, lines);
  if (!table.flush()) {
    std::cerr << "gpu_bench: cannot write " << name << ".md\n";
    return 6;
  }
  std::cout << name << ".json\n" << name << ".md\n";
  return 0;
}

}  // namespace carbonfront::bench
