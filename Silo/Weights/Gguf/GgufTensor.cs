namespace XLLM.Silo.Weights.Gguf;

/// <summary>Where a tensor lies in a GGUF file.</summary>
/// <param name="Name">As the file spells it: <c>blk.0.attn_q.weight</c>.</param>
/// <param name="Type">Element type.</param>
/// <param name="Shape">Dimensions, slowest first (the file has them the other way round).</param>
/// <param name="Offset">First byte, from the start of the data.</param>
/// <param name="Bytes">Its length.</param>
internal sealed record GgufTensor(string Name, GgufType Type, IReadOnlyList<int> Shape, long Offset, long Bytes);
