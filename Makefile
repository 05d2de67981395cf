# Patchtide: `make demo` shows it, `make test` proves it. Each makes what it needs; nothing has to be prepared.

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup hosts demo test lint simulate fuzz unit system machine roundtrip bench molecule docs build clean

export PATH := $(CURDIR)/.venv/bin:$(PATH)
export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/.cache/collections
export MOLECULE_GLOB := molecule/*/molecule.yml

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /make \1\t/p' $(MAKEFILE_LIST) | expand -t 16

setup: ## make .venv (again only when pyproject.toml changed)
	@scripts/setup

hosts: setup ## install what real hosts need on this machine: podman, runc, mmdebstrap, ...
	@scripts/setup hosts

demo: hosts ## a practice fleet, a good update promoted, two bad ones rolled back
	patchtide demo

test: lint unit system ## everything the project promises: static checks, tests, real hosts

lint: setup ## style, types, layers, YAML, Ansible
	ruff check
	ruff format --check
	mypy
	lint-imports --cache-dir .cache/import-linter
	yamllint --strict .
	ansible-lint --offline

simulate: setup ## thousands of simulated runs with all faults, each with a plan of its own (SEED=1 RUNS=3000)
	patchtide simulate --plan random --faults all --seed $(or $(SEED),1) --runs $(or $(RUNS),3000)

fuzz: setup ## the generated tests with other examples than `make unit` has: make fuzz SEED=7
	pytest -n auto -m "hypothesis and not system" --hypothesis-profile fuzz --hypothesis-seed $(or $(SEED),1)

unit: setup ## every test that needs no host
	pytest -n auto -m "not system"

system: hosts ## every test on real hosts, the molecule scenarios and an emulated machine included
	pytest -m system -n 3 --dist worksteal

machine: hosts ## of these only the machine: a real kernel update, its way back, a power cut, a snapshot
	pytest -v -m machine

roundtrip: hosts ## there and back on real hosts, everything compared: make roundtrip CASE=repack (all without CASE)
	python -m tests.roundtrip $(CASE)

bench: hosts ## what an update costs beside parallel ssh, pyinfra and a usual playbook, on 20 real hosts: bench/results.md
	@scripts/setup bench
	python -m bench

molecule: hosts ## one role's scenario on a real host: make molecule SCENARIO=patch (all without SCENARIO)
	scripts/molecule $(SCENARIO)

docs: setup ## write the reference pages from the code
	scripts/docs

build: setup ## the wheel, the source archive and the Galaxy collection, into dist/
	python -m hatchling build -d dist
	ansible-galaxy collection build --force --output-path dist

clean: ## remove what the targets above made
	rm -rf .venv .cache .ansible dist
