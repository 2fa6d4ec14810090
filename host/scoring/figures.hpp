#pragma once
// Figures of merit of a judged view: hypervolume, contributions to it, crowding distance.

#include "host/scoring/views.hpp"

namespace carbonfront {

/// Computes what the view's outputs ask for: the hypervolume of each group's front up to one reference point for all groups,
/// each front row's contribution, each rated row's crowding distance within its front. `front_of` holds the rated rows'
/// front numbers (kNone: behind max_rank); only crowding needs it, and is left out where it is empty. Without a reference
/// point volumes and contributions are NaN. Throws Stopped.
void compute_figures(const Plan& plan, std::size_t view, const Array<std::uint32_t>& front_of, Progress& progress,
                     ViewScores& scores);

/// The default reference point: the worst finite value over all fronts, worsened by a tenth of the range between the best
/// finite one and it, or of max(|it|, 1) where they are equal; NaN where no front has a finite value. It is finite: no
/// further than the largest number there is. [objectives] in the objectives' own sense.
std::vector<double> default_reference_point(const ViewScores& scores);

}  // namespace carbonfront
