# The few commands there are. What is built, and how, is in meson.build.

BUILD ?= build
MESON_FLAGS ?=

# In CI a warning is an error.
ifdef CI
MESON_FLAGS += -Dwerror=true
endif

all: deps-build $(BUILD)/build.ninja
	@ninja -C $(BUILD)

$(BUILD)/build.ninja:
	meson setup $(BUILD) $(MESON_FLAGS)

deps:
	@scripts/deps build guest test

deps-%:
	@scripts/deps $*

# What was configured before the tests' packages came is configured once more.
with-tests: deps $(BUILD)/build.ninja
	@grep -q tests/golden $(BUILD)/build.ninja || meson setup --reconfigure $(BUILD)

install: all
	meson install -C $(BUILD) --no-rebuild

demo: deps-guest all
	demo/run

test: with-tests all
	tests/run

test-long: with-tests all
	tests/run --long

bench: deps-guest all
	bench/run

check: with-tests all
	tests/run --only check

format:
	@git ls-files '*.c' '*.h' | xargs clang-format -i

clean:
	rm -rf $(BUILD) build-*

.NOTPARALLEL:
.PHONY: all deps with-tests install demo test test-long bench check format clean
