# The few commands there are. What is built, and how, is in meson.build.

BUILD ?= build
MESON_FLAGS ?=

# In CI a warning is an error.
ifdef CI
MESON_FLAGS += -Dwerror=true
endif

all: deps-build
	@test -f $(BUILD)/build.ninja || meson setup $(BUILD) $(MESON_FLAGS)
	@ninja -C $(BUILD)

deps:
	@scripts/deps build guest test

deps-%:
	@scripts/deps $*

install: all
	meson install -C $(BUILD) --no-rebuild

demo: deps-guest all
	demo/run

test: deps all
	tests/run

test-long: deps all
	tests/run --long

bench: deps-guest all
	bench/run

check: deps-test all
	tests/run --only check

clean:
	rm -rf $(BUILD) build-*

.NOTPARALLEL:
.PHONY: all deps install demo test test-long bench check clean
