// The digest of a result: a hash of what its datasets and attributes mean, not of how they lie in the file.

#include "host/sweep/digest.hpp"

#include "host/sweep/hash.hpp"

namespace carbonfront {

std::vector<std::pair<std::string, std::string>> content_hashes(const Content& content, const OwnFile* checked,
                                                                const Progress& progress) {
  std::vector<std::pair<std::string, std::string>> hashes;
  for (const FileObject& object : content.objects()) {
    if (object.path == "/provenance" || object.path.starts_with("/provenance/")) continue;
    if (checked && (object.kind == 'g' || object.kind == 'd')) checked->verify(object.path);
    Hash hash;
    hash.number(static_cast<std::uint64_t>(object.kind));
    if (object.kind == 'd') content.add_dataset(hash, object.path, progress);
    if (object.kind == 'g' || object.kind == 'd') content.add_attributes(hash, object.path);
    if (object.kind == '=' || object.kind == '>') hash.text(object.leads_to);
    hashes.emplace_back(object.path, hash.hex());
  }
  return hashes;
}

std::string digest(const OwnFile& file, const Progress& progress) {
  Hash hash;
  for (const auto& [name, content] : content_hashes(file.content(), &file, progress)) hash.text(name), hash.text(content);
  return hash.hex();
}

}  // namespace carbonfront
