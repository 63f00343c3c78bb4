using System.Text.Json.Nodes;
using XLLM.NativeBackends.Ops;
using XLLM.Silo.Models;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Tests.Models;

public sealed class ExpertConfigTests
{
    [Fact]
    public void ReadQwen_SaysWhichLayersHaveExperts()
    {
        var tiny = TinyModel.Qwen3Experts().With("mlp_only_layers", new JsonArray(3)).With("decoder_sparse_step", 2);

        var config = ExpertConfig.ReadQwen(tiny.Reader());

        Assert.Equal([1, 5, 7], Enumerable.Range(0, 8).Where(config.IsIn));
        Assert.Equal(new ExpertRouting(2, ExpertScore.Softmax, 1, 1, ExpertGroupScore.Best, false, 1), config.Routing);
    }

    [Theory]
    [InlineData("first_k_dense_replace", "2", new[] { 2, 3 })]
    [InlineData("moe_layer_freq", "2", new[] { 1, 3 })]
    [InlineData("mlp_layer_types", """["dense","sparse","dense","sparse","sparse"]""", new[] { 1, 3 })]
    [InlineData("mlp_layer_types", """["sparse","sparse","dense","sparse"]""", new[] { 0, 1, 3 })]
    public void ReadDeepSeek_SaysWhichLayersHaveExperts(string field, string value, int[] expected)
    {
        var config = ExpertConfig.ReadDeepSeek(Latent().With(field, JsonNode.Parse(value)).Reader(), ExpertScore.Sigmoid);

        Assert.Equal(expected, Enumerable.Range(0, 4).Where(config.IsIn));
    }

    [Fact]
    public void ReadDeepSeek_TakesTheFamilysRouting_WhereTheFileDoesNotSay()
    {
        var softmax = ExpertConfig.ReadDeepSeek(Latent().With("n_group", 3).With("topk_group", 2).Reader(), ExpertScore.Softmax);
        var sigmoid = ExpertConfig.ReadDeepSeek(Latent().With("n_group", 3).With("topk_group", 2).With("norm_topk_prob", true).Reader(), ExpertScore.Sigmoid);

        Assert.Equal((new ExpertRouting(2, ExpertScore.Softmax, 1, 1, ExpertGroupScore.Best, false, 1), false), (softmax.Routing, softmax.HasBias));
        Assert.Equal((new ExpertRouting(2, ExpertScore.Sigmoid, 3, 2, ExpertGroupScore.SumOfTwoBest, true, 1), true), (sigmoid.Routing, sigmoid.HasBias));
    }

    [Theory]
    [InlineData("n_group", "4", "\"n_group\" is 4, which does not divide n_routed_experts 6")]
    [InlineData("topk_group", "2", "\"topk_group\" is 2, more than n_group 1")]
    [InlineData("num_experts_per_tok", "7", "\"num_experts_per_tok\" is 7, more than the 6 experts that may be chosen")]
    [InlineData("topk_method", "\"random\"", "\"topk_method\" is \"random\"; supported: greedy, group_limited_greedy, noaux_tc")]
    [InlineData("mlp_layer_types", """["dense","wide"]""", "\"mlp_layer_types\" names \"wide\"; supported: dense, sparse")]
    public void ReadDeepSeek_NamesFieldAndValue_WhenOneIsAbsurd(string field, string value, string expected)
    {
        var reader = Latent().With(field, JsonNode.Parse(value)).Reader();

        Assert.Contains(expected, Assert.ThrowsAny<CheckpointException>(() => ExpertConfig.ReadDeepSeek(reader, ExpertScore.Sigmoid)).Message, StringComparison.Ordinal);
    }

    private static TinyModel Latent() => TinyModel.Latent("DeepseekV3ForCausalLM", 14, bias: false, shared: 1, new JsonObject { ["n_group"] = 1, ["topk_group"] = 1 });
}
