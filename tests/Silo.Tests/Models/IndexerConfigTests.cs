using System.Text.Json.Nodes;
using XLLM.NativeBackends.Ops;
using XLLM.Silo.Models;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Tests.Models;

public sealed class IndexerConfigTests
{
    [Fact]
    public void Read_GivesEveryLayerAnIndexer_WhereTheFileDoesNotSay()
    {
        var config = Read(TinyModel.Sparse("DeepseekV32ForCausalLM", most: 9), layers: 5);

        Assert.Equal((3, 10, 9, RopePairing.Halves), (config.Heads, config.Columns, config.Most, config.Pairing));
        Assert.Equal([0, 1, 2, 3, 4], config.Layers);
    }

    [Theory]
    [InlineData("indexer_types", """["full","shared","full","shared","shared","full"]""", new[] { 0, 2 })]
    [InlineData("index_topk_freq", "4", new[] { 0, 1 })]
    public void Read_TakesTheLayers_OfAListOrAPeriod(string field, string value, int[] expected) =>
        Assert.Equal(expected, Read(TinyModel.Sparse("GlmMoeDsaForCausalLM", most: 9).With(field, JsonNode.Parse(value)), layers: 5).Layers);

    [Fact]
    public void Read_StartsThePeriodAfterTheFirstLayers()
    {
        var tiny = TinyModel.Sparse("GlmMoeDsaForCausalLM", most: 9).With("index_topk_freq", 4).With("index_skip_topk_offset", 3).With("indexer_rope_interleave", true);

        // Layers 0 to 2, then every fourth: what GLM-5.2 lists layer by layer.
        Assert.Equal([0, 1, 2, 6, 10], Read(tiny, layers: 12).Layers);
        Assert.Equal(RopePairing.Interleaved, Read(tiny, layers: 12).Pairing);
    }

    [Theory]
    [InlineData("index_head_dim", "6", "\"index_head_dim\" is 6, less than qk_rope_head_dim 8")]
    [InlineData("index_topk", "0", "\"index_topk\" is 0")]
    [InlineData("index_n_heads", "null", "\"index_n_heads\" is missing")]
    [InlineData("indexer_types", """["full"]""", "\"indexer_types\" names 1 layers, the first full; there are 5, and the first must be full")]
    [InlineData("indexer_types", """["shared","full","full","full","full"]""", "the first shared; there are 5, and the first must be full")]
    [InlineData("indexer_types", """["full","other","full","full","full"]""", "names \"other\"; supported: full, shared")]
    [InlineData("index_topk_pattern", "\"FFS\"", "\"index_topk_pattern\" is given without indexer_types")]
    public void Read_NamesFieldAndValue_WhenOneIsMissingOrAbsurd(string field, string value, string expected) =>
        Assert.Contains(expected, Fault(() => Read(TinyModel.Sparse("DeepseekV32ForCausalLM", most: 9).With(field, JsonNode.Parse(value)), layers: 5)), StringComparison.Ordinal);

    [Fact]
    public void SparseAttention_NeedsTheQueriesLowRankForm()
    {
        var reader = TinyModel.Sparse("DeepseekV32ForCausalLM", most: 9).With("q_lora_rank", null).Reader();
        using var source = new ZeroSource();

        Assert.Contains("\"q_lora_rank\" is missing", Fault(() => DeepSeek.CreateV32(reader, new Checkpoint(source, new ShapeBackend(), MatrixCheck.Sampled))), StringComparison.Ordinal);
    }

    private static IndexerConfig Read(TinyModel tiny, int layers) => IndexerConfig.Read(tiny.Reader(), layers, rotatedColumns: 8, RopePairing.Halves);

    private static string Fault(Action act) => Assert.ThrowsAny<CheckpointException>(act).Message;
}
