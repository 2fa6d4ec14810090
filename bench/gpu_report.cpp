// From lines of measurements to one JSON file and one table.

#include <fmt/format.h>

#include <cctype>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <set>

#include "bench/gpu_bench.hpp"

namespace carbonfront::bench {
namespace {

using nlohmann::json;

/// All whole lines. One that was cut short when the run was ended is left out.
std::vector<json> lines_of(const std::string& path) {
  std::vector<json> lines;
  std::ifstream file(path);
  for (std::string text; std::getline(file, text);) {
    json line = json::parse(text, nullptr, false);
    if (line.is_object() && line.contains("kind")) lines.push_back(std::move(line));
  }
  return lines;
}

std::vector<json> of_kind(const std::vector<json>& lines, const char* kind) {
  std::vector<json> some;
  for (const json& line : lines)
    if (line["kind"] == kind) some.push_back(line);
  return some;
}

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

void write_kernels(std::ofstream& out, const std::vector<json>& lines) {
  out << "\n## Kernels, by the device's clock\n\n| task | method | distribution | rows | front | time | bound | of what | "
         "fraction |\n|---|---|---|---:|---:|---:|---:|---|---:|\n";
  for (const json& line : lines) {
    if (line["kind"] != "kernel" && line["kind"] != "left out") continue;
    out << fmt::format("| {} | {} | {} | {} | {} | {} | {} | {} | {} |\n",
                       line.contains("task") ? text_of(line, "task") : "all", text_of(line, "method"),
                       text_of(line, "distribution"), rows_text(line), text_of(line, "front"), seconds_text(line, "seconds"),
                       line.contains("bound") ? seconds_text(line, "bound_seconds") : "", text_of(line, "bound"),
                       line.contains("fraction") ? fmt::format("{:.3g} %", 100 * line["fraction"].get<double>()) : "");
  }
}

void write_verdicts(std::ofstream& out, const std::vector<json>& lines) {
  out << "\n## Verdict (counts and witnesses), columns and answers in host memory\n\n"
         "| distribution | rows | device | CPU, same machine | equal |\n|---|---:|---:|---:|---|\n";
  for (const json& line : of_kind(lines, "verdict"))
    out << fmt::format("| {} | {} | {} | {} | {} |\n", text_of(line, "distribution"), rows_text(line),
                       seconds_text(line, "seconds"), seconds_text(line, "cpu_seconds"), text_of(line, "equal"));
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

int write_report(const std::string& folder, const std::string& date) {
  const std::vector<json> lines = lines_of(folder + "/measurements.jsonl");
  const std::vector<json> devices = of_kind(lines, "device");
  const std::string device = devices.empty() ? "no device" : devices.front()["name"].get<std::string>();
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
  write_kernels(table, lines);
  write_verdicts(table, lines);
  if (!table.flush()) {
    std::cerr << "gpu_bench: cannot write " << name << ".md\n";
    return 6;
  }
  std::cout << name << ".json\n" << name << ".md\n";
  return 0;
}

}  // namespace carbonfront::bench
