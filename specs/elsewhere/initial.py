"""The first values of an adapter's A as xlt draws them: BLAKE3's output for a seed and a tensor's name, as numbers from 0 to 1.

BLAKE3 (O'Connor, Aumasson, Neves, Wilcox-O'Hearn 2020) in the mode that derives keys, for inputs of at most one block; its blocks of
output are computed side by side by numpy. Nothing but that is needed here, so no package for it is.
"""

import struct

import numpy as np

CONTEXT = b"xlt 2026-11 initial LoRA weights"
IV = np.array(
    [0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19], dtype=np.uint32
)
ORDER = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8]
START, END, ROOT, KEY_CONTEXT, KEY_MATERIAL = 1, 2, 8, 32, 64
MIXED = [(0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15), (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)]


def turned(values: np.ndarray, by: int) -> np.ndarray:
    return (values >> np.uint32(by)) | (values << np.uint32(32 - by))


def compress(key: np.ndarray, text: bytes, counters: np.ndarray, flags: int) -> np.ndarray:
    """The sixteen words that come of one block, for each counter: an array of 16 rows."""
    words = list(np.frombuffer(text.ljust(64, b"\0"), dtype="<u4"))
    count = len(counters)
    constant = lambda value: np.full(count, value, dtype=np.uint32)
    low, high = (counters & 0xFFFFFFFF).astype(np.uint32), (counters >> 32).astype(np.uint32)
    state = [constant(word) for word in key] + [constant(word) for word in IV[:4]] + [low, high, constant(len(text)), constant(flags)]
    for _ in range(7):
        for at, (a, b, c, d) in enumerate(MIXED):
            for word, one, other in [(words[2 * at], 16, 12), (words[2 * at + 1], 8, 7)]:
                state[a] = state[a] + state[b] + np.uint32(word)
                state[d] = turned(state[d] ^ state[a], one)
                state[c] = state[c] + state[d]
                state[b] = turned(state[b] ^ state[c], other)
        words = [words[at] for at in ORDER]
    halves = [state[at] ^ state[at + 8] for at in range(8)], [state[at + 8] ^ np.uint32(key[at]) for at in range(8)]
    return np.stack(halves[0] + halves[1])


def draws(seed: int, tensor: str, count: int) -> np.ndarray:
    """So many numbers, evenly spread: 53 bits of every 8 bytes."""
    text = struct.pack("<Q", seed) + tensor.encode()
    assert len(text) <= 64, "a tensor's name is short"
    key = compress(IV, CONTEXT, np.zeros(1, dtype=np.uint64), START | END | ROOT | KEY_CONTEXT)[:8, 0]
    blocks = np.arange(-(-count // 8), dtype=np.uint64)
    words = compress(key, text, blocks, START | END | ROOT | KEY_MATERIAL)
    numbers = np.ascontiguousarray(words.T).astype("<u4").view("<u8").ravel()[:count]
    return (numbers >> np.uint64(11)).astype(np.float64) / float(1 << 53)
