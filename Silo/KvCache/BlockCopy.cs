namespace XLLM.Silo.KvCache;

/// <summary>A KV block's bytes on their way between the pool and host memory, inside a step.</summary>
/// <param name="Name">What the block holds, or will hold.</param>
/// <param name="Block">Its number in the pool.</param>
/// <param name="Host">Where its bytes go or are; the copy holds a reference to it.</param>
internal readonly record struct BlockCopy(KvBlockName Name, KvBlockId Block, HostBlock Host);
