// Stands in for libFuzzer: runs a target on each seed, and on mutations of it that are the same every time.
// usage: fuzz_NAME [MUTATIONS] FOLDER...

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

void run(const std::string& text) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
}

/// What grammars give a meaning, and what no text has.
constexpr char kMarks[] = "\"'`\\\n\r[]{}=:,.-+0123456789e\0\xFF";

/// Flips, drops, doubles and moves a few bytes, or takes a piece of another seed.
std::string mutated(std::string text, const std::vector<std::string>& seeds, std::mt19937_64& random) {
  for (std::uint64_t steps = 1 + random() % 4; steps > 0; --steps) {
    std::size_t at = random() % (text.size() + 1), size = std::min<std::size_t>(random() % 9, text.size() - at);
    const std::string& other = seeds[random() % seeds.size()];
    std::size_t from = random() % (other.size() + 1);
    switch (random() % 5) {
      case 0:
        if (at < text.size()) text[at] = static_cast<char>(random());
        break;
      case 1:
        text.erase(at, size);
        break;
      case 2:
        text.insert(at, text.substr(at, size));
        break;
      case 3:
        text.insert(at, other, from, random() % 40);
        break;
      default:
        text.insert(at, 1, kMarks[random() % (sizeof kMarks - 1)]);
    }
  }
  return text;
}

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t mutations = 2000, runs = 0;
  std::vector<std::string> seeds;
  for (int i = 1; i < argc; ++i) {
    if (std::isdigit(static_cast<unsigned char>(*argv[i]))) {
      mutations = std::strtoull(argv[i], nullptr, 10);
      continue;
    }
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(argv[i])) files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    for (const auto& path : files) {
      std::ifstream file(path, std::ios::binary);
      seeds.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    }
  }
  if (seeds.empty()) return std::fputs("no seeds (the folder is empty); give a folder of seeds\n", stderr), 2;
  std::mt19937_64 random(1);
  for (const std::string& seed : seeds) {
    run(seed), ++runs;
    for (std::uint64_t i = 0; i < mutations; ++i) run(mutated(seed, seeds, random)), ++runs;
  }
  std::printf("%zu seeds, %llu inputs, no finding\n", seeds.size(), static_cast<unsigned long long>(runs));
}
