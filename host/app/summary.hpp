#pragma once
// What `score` tells: a short table for people, JSON for programs.

#include <string>
#include <utility>
#include <vector>

#include "host/app/labels.hpp"
#include "host/scoring/result.hpp"

namespace carbonfront {

/// Everything a summary is made of.
struct ScoreSummary {
  const Plan& plan;
  const Data& data;
  const std::vector<ViewScores>& views;
  const Provenance& provenance;
  std::string output;
};

/// The summary for a terminal; at most `show` rows a table. Throws InputError where labels cannot be read.
std::string text_summary(const ScoreSummary& summary, std::size_t show);

/// The summary as JSON, with every front row and its values.
std::string json_summary(const ScoreSummary& summary);

/// A group's key in words: "dataset = SC09, table = 4"; empty for the one group of a view without group_by.
std::string group_name(const Plan& plan, const Data& data, std::size_t view, std::size_t group);

}  // namespace carbonfront
