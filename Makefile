# Readers:  make lab · make slides · make slides-pdf · make site · make test
# Authors:  make book · make colab · make lint · make freeze · make pictures · make bench · make bench-gpu
# ARGS       options for JupyterLab        make lab ARGS="--no-browser --port 8899"
# PIP_ARGS   options for pip               a mirror, or PyTorch's CPU-only index (see README.md)
# CHAPTER    one chapter                   make book CHAPTER=03 · make slides CHAPTER=03
# REPO       where the repository lives    make colab REPO=owner/name

SHELL    := /bin/bash
PYTHON   ?= python3
VENV     ?= .venv
PIP_ARGS ?=
ARGS     ?=
CHAPTER  ?=
REPO     ?=

bin   := $(VENV)/bin
ready := $(VENV)/ready

.PHONY: setup lab slides slides-pdf site test lint book colab freeze pictures bench bench-gpu
.DELETE_ON_ERROR:

setup: $(ready)

# A machine without ensurepip (Debian without python3-venv) still gets an environment: the second
# line makes one without pip and lets the machine's own pip put pip into it.
$(ready): pyproject.toml constraints.txt tools/setup_lab.py $(shell find tools/jupyterlab -type f)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "The book needs Python 3.10 or newer; $(PYTHON) is " + sys.version.split()[0] + ". Try: make setup PYTHON=python3.12")'
	@echo "Setting up $(VENV): this downloads PyTorch and JupyterLab once."
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null && $(PYTHON) -m venv $(VENV) \
	  || { $(PYTHON) -m venv --without-pip $(VENV) && $(PYTHON) -m pip --python $(bin)/python install $(PIP_ARGS) pip; }
	$(bin)/python -m pip install $(PIP_ARGS) --constraint constraints.txt --editable '.[lab,test,author]'
	$(bin)/python tools/setup_lab.py
	@touch $@

lab: $(ready)
	@$(bin)/jupyter trust notebooks/*.ipynb notebooks/solutions/*.ipynb >/dev/null
	$(bin)/jupyter lab --ServerApp.root_dir=. --LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb $(ARGS)

slides: $(ready)
	@$(bin)/python tools/slides.py $(CHAPTER)

slides-pdf: $(ready)
	@$(bin)/python tools/slides.py --pdf $(CHAPTER)

site: $(ready)
	@$(bin)/python tools/site_pages.py

test: $(ready) lint
	$(bin)/python tools/run_tests.py $(ARGS)

lint: $(ready)
	$(bin)/ruff check .
	$(bin)/ruff format --check .
	$(bin)/mypy

book: $(ready)
	$(bin)/python tools/book.py $(CHAPTER)

colab: $(ready)
	$(bin)/python tools/colab.py "$(REPO)"

freeze: $(ready)
	$(bin)/python tools/freeze.py

pictures: $(ready)
	$(bin)/python tools/pictures.py

bench: $(ready)
	$(bin)/python bench/cpu.py

bench-gpu: $(ready)
	$(bin)/python bench/gpu.py
