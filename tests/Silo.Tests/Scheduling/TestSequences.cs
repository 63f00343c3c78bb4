using XLLM.Grains.Interfaces.Generation;
using XLLM.Grains.Interfaces.Routing;
using XLLM.Silo.KvCache;
using XLLM.Silo.Sampling;
using XLLM.Silo.Sequences;

namespace XLLM.Silo.Tests.Scheduling;

/// <summary>Sequences for tests that need no model.</summary>
internal static class TestSequences
{
    public const int BlockTokens = 16;

    public static Sequence Create(long id, int promptTokens, int maxTokens = 1000, int priority = 0, KvBlockManager? blocks = null, int firstToken = 0, SequencePictures? pictures = null, int generated = 0)
    {
        int[] prompt = [.. Enumerable.Range(firstToken, promptTokens)];
        blocks ??= new KvBlockManager([new FullAttentionRule()], 1, BlockTokens);
        var settings = SamplingSettings.From(new SamplingParameters(), new SamplingParameters(), 1, [], 0, null);
        var chain = new PrefixChain(PrefixHash.Root("model", null), blocks.BlockTokens);
        return new Sequence(new SequenceId(id), prompt, new int[generated], maxTokens, priority, blocks.CreateTables(), chain, new SamplerState(settings, prompt, [])) { Pictures = pictures };
    }
}
