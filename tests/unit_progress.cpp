// What the progress line says.

#include <gtest/gtest.h>

#include "host/app/progress_display.hpp"

namespace carbonfront {
namespace {

TEST(ProgressLine, HasShareRowsBytesAndTimeLeft) {
  EXPECT_EQ(progress_line("read", 50'000'000, 100'000'000, 40, 20),
            "read     [###############...............]  50 %  2.5e+06 rows/s  0.10 GB/s  20 s left");
  EXPECT_EQ(progress_line("order", 1, 4, 0, 100),
            "order    [#######.......................]  25 %  0.01 rows/s  5 min left");
}

TEST(ProgressLine, OfBytesHasNoRows) {
  EXPECT_EQ(progress_line("types", 3'000'000'000, 4'000'000'000, 1, 30),
            "types    [######################........]  75 %  0.10 GB/s  10 s left");
}

TEST(ProgressLine, WithoutATotalSaysHowLongItHasTaken) {
  EXPECT_EQ(progress_line("write", 0, 0, 0, 130), "write    2 min");
  EXPECT_EQ(progress_line("read", 0, 1000, 8, 3), "read     [..............................]   0 %  0 rows/s  0.00 GB/s");
}

TEST(ProgressLine, NeverPromisesMoreThanTheWhole) {
  EXPECT_EQ(progress_line("read", 30, 20, 0, 10), "read     [##############################] 100 %  3 rows/s  0 s left");
}

}  // namespace
}  // namespace carbonfront
