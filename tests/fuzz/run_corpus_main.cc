// Runs the files of a corpus through a fuzz target, so that what a fuzzer once found stays tested
// in builds without libFuzzer. Each file is also run cut short at every length up to 600 octets:
// most parsing mistakes show at an early end.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

constexpr std::size_t kLongestCut = 600;

void RunOne(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  const std::vector<char> octets{std::istreambuf_iterator<char>(in), {}};
  for (std::size_t size = 0; size <= std::min(octets.size(), kLongestCut); ++size) {
    // A copy of exactly this size: the sanitizers then see a read past the end.
    const std::vector<std::uint8_t> input(octets.begin(),
                                          octets.begin() + static_cast<std::ptrdiff_t>(size));
    LLVMFuzzerTestOneInput(input.data(), input.size());
  }
  const std::vector<std::uint8_t> whole(octets.begin(), octets.end());
  LLVMFuzzerTestOneInput(whole.data(), whole.size());
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t count = 0;
  for (int i = 1; i < argc; ++i) {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(argv[i], error)) {
      if (!entry.is_regular_file()) continue;
      RunOne(entry.path());
      ++count;
    }
    if (error) std::fprintf(stderr, "%s: %s\n", argv[i], error.message().c_str());
  }
  std::printf("%zu files of the corpus\n", count);
  return count > 0 ? 0 : 1;  // an empty corpus tests nothing
}
