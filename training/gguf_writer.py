"""Writes GGUF version 3 files: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md

    "GGUF" | version | number of tensors | number of keys | keys | tensor descriptions | padding | tensor data, each aligned

All little-endian. Tensors are F32, F16 or Q8_0.
"""
import struct

import numpy

ALIGNMENT = 32
UINT32, INT32, FLOAT32, BOOL, STRING, ARRAY = 4, 5, 6, 7, 8, 9
TENSOR_TYPES = {"F32": 0, "F16": 1, "Q8_0": 8}
FILE_TYPES = {"F32": 0, "F16": 1, "Q8_0": 7}
Q8_0_BLOCK = 32


def quantise_q8_0(matrix):
    """Rows in blocks of 32: one half-precision scale, then 32 signed bytes. -> uint8 [rows, width / 32 * 34]"""
    rows, width = matrix.shape
    if width % Q8_0_BLOCK:
        raise ValueError(f"Q8_0 needs a row width that is a multiple of {Q8_0_BLOCK}, not {width}")
    blocks = matrix.astype(numpy.float32).reshape(-1, Q8_0_BLOCK)
    scale = numpy.abs(blocks).max(1, keepdims=True) / 127.0
    inverse = numpy.divide(1.0, scale, out=numpy.zeros_like(scale), where=scale > 0)
    scaled = blocks * inverse
    quants = (numpy.sign(scaled) * numpy.floor(numpy.abs(scaled) + 0.5)).astype(numpy.int8)
    packed = numpy.concatenate([scale.astype("<f2").view(numpy.uint8), quants.view(numpy.uint8)], 1)
    return packed.reshape(rows, -1)


def dequantise_q8_0(packed, width):
    blocks = packed.reshape(-1, 2 + Q8_0_BLOCK)
    scale = blocks[:, :2].copy().view("<f2").astype(numpy.float32)
    return (scale * blocks[:, 2:].copy().view(numpy.int8)).reshape(-1, width)


def encode_string(text):
    data = text.encode("utf-8")
    return struct.pack("<Q", len(data)) + data


def encode_value(value):
    """Python value -> (type number, bytes). Whole numbers are uint32; a list has one type, whole numbers in it are int32."""
    if isinstance(value, bool):
        return BOOL, struct.pack("<?", value)
    if isinstance(value, int):
        return UINT32, struct.pack("<I", value)
    if isinstance(value, float):
        return FLOAT32, struct.pack("<f", value)
    if isinstance(value, str):
        return STRING, encode_string(value)
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ARRAY, struct.pack("<IQ", STRING, len(value)) + b"".join(map(encode_string, value))
    if isinstance(value, list) and all(isinstance(item, int) for item in value):
        return ARRAY, struct.pack("<IQ", INT32, len(value)) + numpy.array(value, "<i4").tobytes()
    raise TypeError(f"no GGUF type for {type(value)}")


def write_gguf(path, metadata, tensors, matrix_type):
    """metadata: {key: value}; tensors: {name: float array}. Matrices get `matrix_type`, vectors stay F32."""
    descriptions, payloads, offset = b"", [], 0
    for name, array in tensors.items():
        kind = matrix_type if array.ndim == 2 else "F32"
        if kind == "Q8_0":
            data = quantise_q8_0(array).tobytes()
        else:
            data = array.astype("<f2" if kind == "F16" else "<f4").tobytes()
        # GGUF lists the fastest-moving dimension first.
        descriptions += encode_string(name) + struct.pack("<I", array.ndim) + struct.pack(f"<{array.ndim}Q", *reversed(array.shape))
        descriptions += struct.pack("<IQ", TENSOR_TYPES[kind], offset)
        data += b"\0" * (-len(data) % ALIGNMENT)
        payloads.append(data)
        offset += len(data)
    keys = b""
    for key, value in metadata.items():
        kind, data = encode_value(value)
        keys += encode_string(key) + struct.pack("<I", kind) + data
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(metadata)) + keys + descriptions
    with open(path, "wb") as file:
        file.write(head + b"\0" * (-len(head) % ALIGNMENT))
        for data in payloads:
            file.write(data)
