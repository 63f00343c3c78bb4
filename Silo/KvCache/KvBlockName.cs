using XLLM.Grains.Interfaces.Routing;

namespace XLLM.Silo.KvCache;

/// <summary>Names the contents of a KV block: the tokens up to its end, and the group of layers that it belongs to.</summary>
/// <param name="Hash">Prefix hash of its tokens and of all before them.</param>
/// <param name="Group">Group of layers.</param>
internal readonly record struct KvBlockName(PrefixHash Hash, int Group);
