namespace XLLM.Silo.Weights.Gguf;

/// <summary>Reads and checks what stands before the data of a GGUF file. Pure: a span in, places or a fault out.</summary>
/// <remarks>
/// Source: the GGUF specification of the GGML project, versions 2 and 3, little endian. Magic, version, numbers of tensors and of keys; the keys with their values;
/// the tensors' names, dimensions, types and offsets; then, from a multiple of the alignment on, the data. Tensors must lie inside the file, aligned, and must not overlap.
/// </remarks>
/// <param name="Metadata">Keys and values.</param>
/// <param name="Tensors">By where they begin.</param>
/// <param name="DataStart">First byte of the data, from the start of the file.</param>
internal sealed record GgufHeader(GgufMetadata Metadata, IReadOnlyList<GgufTensor> Tensors, long DataStart)
{
    private const uint Magic = 0x4655_4747;             // "GGUF"
    private const int DefaultAlignment = 32;
    private const int MostAlignment = 1 << 20;
    private const int MostDimensions = 4;
    private const int MostDepth = 4;                    // arrays of arrays; no published file has any
    private const string AlignmentKey = "general.alignment";

    // Least bytes of an entry: a key's length, type and one byte; a tensor's name length, dimensions, type and offset.
    private const int LeastKeyBytes = 8 + 4 + 1;
    private const int LeastTensorBytes = 8 + 4 + 4 + 8;

    private enum ValueType : uint
    {
        UInt8 = 0,
        Int8 = 1,
        UInt16 = 2,
        Int16 = 3,
        UInt32 = 4,
        Int32 = 5,
        Float32 = 6,
        Bool = 7,
        Text = 8,
        Array = 9,
        UInt64 = 10,
        Int64 = 11,
        Float64 = 12,
    }

    /// <summary>Reads a header.</summary>
    /// <param name="file">For messages.</param>
    /// <param name="bytes">The file from its first byte on, as much of it as a span holds.</param>
    /// <param name="fileBytes">Length of the file.</param>
    /// <exception cref="CheckpointException">The file breaks a rule of the format; the message names the key or tensor and the numbers.</exception>
    public static GgufHeader Parse(string file, ReadOnlySpan<byte> bytes, long fileBytes)
    {
        var cursor = new GgufCursor(file, bytes);
        if (cursor.UInt32("the magic") != Magic)
        {
            throw cursor.Fault("does not begin with \"GGUF\"; it is no GGUF file");
        }

        var version = cursor.UInt32("the version");
        if (version is not (2 or 3))
        {
            throw (version & 0xFFFF) == 0
                ? cursor.Fault($"has version {version}, which a big-endian file would have; only little-endian files are read")
                : cursor.Fault($"has version {version} of the format; 2 and 3 are read");
        }

        var tensorCount = cursor.Count("the number of tensors", LeastTensorBytes);
        var keyCount = cursor.Count("the number of keys", LeastKeyBytes);
        var metadata = ReadMetadata(ref cursor, file, keyCount);
        var alignment = metadata.Integer(AlignmentKey) ?? DefaultAlignment;
        if (alignment is < 1 or > MostAlignment || (alignment & (alignment - 1)) != 0)
        {
            throw metadata.Fault(AlignmentKey, $"is {alignment}; expected a power of two up to {MostAlignment}");
        }

        var tensors = ReadTensors(ref cursor, tensorCount, alignment);
        var dataStart = ((long)cursor.Position + alignment - 1) / alignment * alignment;
        CheckPlaces(cursor, tensors, Math.Max(0, fileBytes - dataStart));
        return new GgufHeader(metadata, tensors, dataStart);
    }

    private static GgufMetadata ReadMetadata(ref GgufCursor cursor, string file, int count)
    {
        var values = new Dictionary<string, object>(StringComparer.Ordinal);
        for (var i = 0; i < count; i++)
        {
            var key = cursor.Text($"key {i}");
            var type = (ValueType)cursor.UInt32($"the type of key {GgufCursor.Quoted(key)}");
            var value = ReadValue(ref cursor, key, type, depth: 0);
            if (!values.TryAdd(key, value))
            {
                throw cursor.Fault($"key {GgufCursor.Quoted(key)} stands twice");
            }
        }

        return new GgufMetadata(file, values);
    }

    private static object ReadValue(ref GgufCursor cursor, string key, ValueType type, int depth)
    {
        switch (type)
        {
            case ValueType.Float32:
                return (double)cursor.Single(key);
            case ValueType.Float64:
                return cursor.Double(key);
            case ValueType.Text:
                return cursor.Text($"the value of {GgufCursor.Quoted(key)}");
            case ValueType.Bool:
                var flag = cursor.Byte(key);
                return flag <= 1 ? flag == 1 : throw cursor.Fault($"key {GgufCursor.Quoted(key)} is a truth value of {flag}; expected 0 or 1");
            case ValueType.Array:
                return depth < MostDepth
                    ? ReadArray(ref cursor, key, depth)
                    : throw cursor.Fault($"key {GgufCursor.Quoted(key)} has arrays in arrays more than {MostDepth} deep");
            default:
                return ReadInteger(ref cursor, key, type);
        }
    }

    private static object ReadInteger(ref GgufCursor cursor, string key, ValueType type)
    {
        switch (type)
        {
            case ValueType.UInt8:
                return (long)cursor.Byte(key);
            case ValueType.Int8:
                return (long)(sbyte)cursor.Byte(key);
            case ValueType.UInt16:
                return (long)cursor.UInt16(key);
            case ValueType.Int16:
                return (long)(short)cursor.UInt16(key);
            case ValueType.UInt32:
                return (long)cursor.UInt32(key);
            case ValueType.Int32:
                return (long)(int)cursor.UInt32(key);
            case ValueType.Int64:
                return (long)cursor.UInt64(key);
            case ValueType.UInt64:
                var number = cursor.UInt64(key);
                return number <= long.MaxValue ? (long)number : throw cursor.Fault($"key {GgufCursor.Quoted(key)} is {number}; numbers up to {long.MaxValue} are read");
            default:
                throw cursor.Fault($"key {GgufCursor.Quoted(key)} has value type {(uint)type}, which is unknown");
        }
    }

    private static object ReadArray(ref GgufCursor cursor, string key, int depth)
    {
        var type = (ValueType)cursor.UInt32($"the element type of {GgufCursor.Quoted(key)}");
        var count = cursor.Count($"the length of array {GgufCursor.Quoted(key)}", LeastBytes(type));
        switch (type)
        {
            case ValueType.Text:
                var texts = new string[count];
                for (var i = 0; i < count; i++)
                {
                    texts[i] = cursor.Text($"element {i} of {GgufCursor.Quoted(key)}");
                }

                return texts;
            case ValueType.Float32 or ValueType.Float64:
                var numbers = new double[count];
                for (var i = 0; i < count; i++)
                {
                    numbers[i] = (double)ReadValue(ref cursor, key, type, depth + 1);
                }

                return numbers;
            case ValueType.Bool or ValueType.Array:
                var values = new object[count];
                for (var i = 0; i < count; i++)
                {
                    values[i] = ReadValue(ref cursor, key, type, depth + 1);
                }

                return values;
            default:
                var integers = new long[count];
                for (var i = 0; i < count; i++)
                {
                    integers[i] = (long)ReadInteger(ref cursor, key, type);
                }

                return integers;
        }
    }

    private static int LeastBytes(ValueType type) => type switch
    {
        ValueType.UInt8 or ValueType.Int8 or ValueType.Bool => 1,
        ValueType.UInt16 or ValueType.Int16 => 2,
        ValueType.UInt32 or ValueType.Int32 or ValueType.Float32 => 4,
        ValueType.Array => 12,
        _ => 8,
    };

    private static List<GgufTensor> ReadTensors(ref GgufCursor cursor, int count, int alignment)
    {
        var tensors = new List<GgufTensor>(count);
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < count; i++)
        {
            var tensor = ReadTensor(ref cursor, i, alignment);
            if (!names.Add(tensor.Name))
            {
                throw cursor.Fault($"tensor {GgufCursor.Quoted(tensor.Name)} stands twice");
            }

            tensors.Add(tensor);
        }

        tensors.Sort((a, b) => (a.Offset, a.Bytes).CompareTo((b.Offset, b.Bytes)));
        return tensors;
    }

    private static GgufTensor ReadTensor(ref GgufCursor cursor, int index, int alignment)
    {
        var name = cursor.Text($"the name of tensor {index}");
        var what = $"tensor {GgufCursor.Quoted(name)}";
        var dimensions = cursor.UInt32($"the number of dimensions of {what}");
        if (dimensions is < 1 or > MostDimensions)
        {
            throw cursor.Fault($"{what} has {dimensions} dimensions; expected 1 to {MostDimensions}");
        }

        var shape = new int[dimensions];
        for (var i = 0; i < dimensions; i++)
        {
            var size = cursor.UInt64($"dimension {i} of {what}");
            shape[dimensions - 1 - i] = size is > 0 and <= int.MaxValue ? (int)size : throw cursor.Fault($"{what} has dimension {i} of {size}; expected 1 to {int.MaxValue}");
        }

        var number = cursor.UInt32($"the type of {what}");
        var type = GgufType.Find(number) ?? throw cursor.Fault($"{what} has type {number}, which is unknown; supported: {GgufType.Supported}");
        var offset = cursor.UInt64($"the offset of {what}");
        if (offset > long.MaxValue || offset % (ulong)alignment != 0)
        {
            throw cursor.Fault($"{what} begins at byte {offset} of the data, which is not a multiple of the alignment {alignment}");
        }

        return new GgufTensor(name, type, shape, (long)offset, Bytes(cursor, what, type, shape));
    }

    private static long Bytes(GgufCursor cursor, string what, GgufType type, int[] shape)
    {
        if (shape[^1] % type.UnitColumns != 0)
        {
            throw cursor.Fault($"{what} has {shape[^1]} columns; {type.Name} stores {type.UnitColumns} at a time");
        }

        long bytes = (long)shape[^1] / type.UnitColumns * type.UnitBytes;
        foreach (var dimension in shape[..^1])
        {
            bytes = bytes <= long.MaxValue / dimension ? bytes * dimension : throw cursor.Fault($"{what} {type.Name} [{string.Join(", ", shape)}] has more bytes than fit 63 bits");
        }

        return bytes;
    }

    private static void CheckPlaces(GgufCursor cursor, List<GgufTensor> tensors, long dataBytes)
    {
        var next = 0L;
        var before = "the start";
        foreach (var tensor in tensors)
        {
            var name = GgufCursor.Quoted(tensor.Name);
            if (tensor.Offset < next)
            {
                throw cursor.Fault($"tensor {name} begins at byte {tensor.Offset}, inside tensor {before} that ends at {next}");
            }

            if (tensor.Offset > dataBytes || tensor.Bytes > dataBytes - tensor.Offset)
            {
                throw cursor.Fault($"tensor {name} of {tensor.Bytes} bytes begins at byte {tensor.Offset} of the data, but the file has only {dataBytes}; is it cut off?");
            }

            next = tensor.Offset + tensor.Bytes;
            before = name;
        }
    }
}
