using System.Text.Json.Nodes;
using XLLM.NativeBackends.Ops;
using XLLM.Silo.Hosting.Verification;
using XLLM.Silo.Models;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Tests.Models;

/// <summary>Numbers of the families with experts, latent and sparse attention, and of their options, against the plain decoder in double precision.</summary>
public sealed class ExpertDecoderTests
{
    private static readonly int[] Prompt = [3, 1, 4, 1, 5, 9, 2, 6, 5, 35, 8, 9, 7, 9, 3, 23, 8, 46, 26, 43];

    private static readonly (int Plain, int Turned, int Value) LatentColumns = (16, 8, 12);

    public static TheoryData<string, string> Cases => Backends.With([.. Models.Keys]);

    [Theory]
    [MemberData(nameof(Cases))]
    public void Forward_EqualsThePlainDecoder(string backendName, string name)
    {
        using var folder = new TemporaryFolder();
        using var backend = Backends.Open(backendName);
        var (tiny, plain) = Models[name];
        tiny().Write(folder.Path);
        var loaded = ModelLoader.Load(folder.Path, backend, new ModelLoadOptions());
        using var runner = new ModelRunner(backend, loaded.Model, sequences: 1, tokens: Prompt.Length);

        var actual = runner.Step(runner.Start(), Prompt);

        var expected = plain(SafetensorsSource.Open(folder.Path)).Logits(Prompt).SelectMany(row => row).ToArray();
        Assert.InRange(expected.Max(Math.Abs), 0.1, 100);                           // the comparison is of something
        Assert.InRange(actual.Zip(expected, (a, e) => Math.Abs(a - e)).Max(), 0, 2e-4);
    }

    private static Dictionary<string, (Func<TinyModel> Model, Func<SafetensorsSource, PlainDecoder> Plain)> Models { get; } = new()
    {
        ["qwen3 experts, weights normalized"] = (
            () => TinyModel.Qwen3Experts().With("norm_topk_prob", true),
            weights => new(weights, 2, 8, 10000) { Routing = new(2, ExpertScore.Softmax, 1, 1, ExpertGroupScore.Best, true, 1) }),
        ["qwen3 experts, weights as they are"] = (
            () => TinyModel.Qwen3Experts().With("norm_topk_prob", false),
            weights => new(weights, 2, 8, 10000) { Routing = new(2, ExpertScore.Softmax, 1, 1, ExpertGroupScore.Best, false, 1) }),
        ["glm4"] = (() => TinyModel.Glm4(bias: false), weights => new(weights, 2, 8, 10000) { RotatedColumns = 4, Interleaved = true }),
        ["glm4 with biases"] = (() => TinyModel.Glm4(bias: true), weights => new(weights, 2, 8, 10000) { RotatedColumns = 4, Interleaved = true }),
        ["glm4 experts"] = (() => TinyModel.Glm4Experts(headNorms: false, bias: true), Glm4Experts),
        ["glm4 experts with head norms"] = (() => TinyModel.Glm4Experts(headNorms: true, bias: false), Glm4Experts),
        ["deepseek v2, greedy, no query rank"] = (
            () => TinyModel.Latent("DeepseekV2ForCausalLM", 0, bias: false, shared: 2, new JsonObject { ["topk_method"] = "greedy", ["n_group"] = 1, ["topk_group"] = 1 }),
            weights => Latent(weights, new(2, ExpertScore.Softmax, 1, 1, ExpertGroupScore.Best, false, 1))),
        ["deepseek v2, groups, yarn"] = (
            () => TinyModel.Latent("DeepseekV2ForCausalLM", 14, bias: true, shared: 1, new JsonObject
            {
                ["topk_method"] = "group_limited_greedy", ["n_group"] = 3, ["topk_group"] = 2, ["routed_scaling_factor"] = 2, ["rope_scaling"] = Yarn(0.707),
            }),
            weights => new(weights, 2, 8, 10000)
            {
                LatentColumns = LatentColumns, Routing = new(2, ExpertScore.Softmax, 3, 2, ExpertGroupScore.Best, false, 2), FrequencyFactor = YarnFactor, Temperature = YarnTemperature(0.707),
            }),
        ["deepseek v3, groups, biases, yarn"] = (
            () => TinyModel.Latent("DeepseekV3ForCausalLM", 14, bias: true, shared: 1, new JsonObject
            {
                ["n_group"] = 3, ["topk_group"] = 2, ["norm_topk_prob"] = true, ["routed_scaling_factor"] = 2.5, ["rope_scaling"] = Yarn(1),
            }),
            weights => new(weights, 2, 8, 10000)
            {
                LatentColumns = LatentColumns, Routing = new(2, ExpertScore.Sigmoid, 3, 2, ExpertGroupScore.SumOfTwoBest, true, 2.5f), FrequencyFactor = YarnFactor, Temperature = YarnTemperature(1),
            }),
        ["deepseek v3, one group, no query rank, two shared"] = (
            () => TinyModel.Latent("DeepseekV3ForCausalLM", 0, bias: false, shared: 2, new JsonObject { ["n_group"] = 1, ["topk_group"] = 1, ["norm_topk_prob"] = false }),
            weights => Latent(weights, new(2, ExpertScore.Sigmoid, 1, 1, ExpertGroupScore.SumOfTwoBest, false, 1))),
        ["glm4 flash, layers listed"] = (
            () => TinyModel.Latent("Glm4MoeLiteForCausalLM", 14, bias: false, shared: 1, new JsonObject
            {
                ["n_group"] = 1, ["topk_group"] = 1, ["norm_topk_prob"] = true, ["routed_scaling_factor"] = 1.8,
                ["first_k_dense_replace"] = 0, ["mlp_layer_types"] = new JsonArray("dense", "sparse"), ["rms_norm_eps"] = 1e-6,
            }),
            weights => Latent(weights, new(2, ExpertScore.Sigmoid, 1, 1, ExpertGroupScore.SumOfTwoBest, true, 1.8f))),
        ["deepseek v3.2"] = (() => TinyModel.Sparse("DeepseekV32ForCausalLM", most: 7), weights => Sparse(weights, 7, interleaved: false)),
        ["deepseek v3.2, longer than the prompt"] = (() => TinyModel.Sparse("DeepseekV32ForCausalLM", most: 100), weights => Sparse(weights, 100, interleaved: false)),
        ["glm5"] = (() => TinyModel.Sparse("GlmMoeDsaForCausalLM", most: 5), weights => Sparse(weights, 5, interleaved: true)),
    };

    private static PlainDecoder Glm4Experts(SafetensorsSource weights) =>
        new(weights, 2, 8, 10000) { RotatedColumns = 4, Routing = new(2, ExpertScore.Sigmoid, 1, 1, ExpertGroupScore.SumOfTwoBest, true, 1.5f) };

    private static PlainDecoder Latent(SafetensorsSource weights, ExpertRouting routing) => new(weights, 2, 8, 10000) { LatentColumns = LatentColumns, Routing = routing };

    private static PlainDecoder Sparse(SafetensorsSource weights, int most, bool interleaved) => new(weights, 2, 8, 10000)
    {
        LatentColumns = LatentColumns,
        Routing = new(2, ExpertScore.Sigmoid, 1, 1, ExpertGroupScore.SumOfTwoBest, true, 2.5f),
        MostSelected = most,
        IndexerInterleaved = interleaved,
    };

    private static JsonObject Yarn(double weight) => new()
    {
        ["type"] = "yarn", ["factor"] = 4, ["original_max_position_embeddings"] = 64, ["mscale"] = weight, ["mscale_all_dim"] = weight,
    };

    /// <summary>(0.1 w ln 4 + 1) squared: the cosines' and sines' own factor cancels, since both weights are equal.</summary>
    private static double YarnTemperature(double weight) => Math.Pow((0.1 * weight * Math.Log(4)) + 1, 2);

    /// <summary>As in DecoderTests: 8 turned columns, base 10,000, 64 tokens: the blend runs over pairs 0 to 2.</summary>
    private static double YarnFactor(int pair)
    {
        var fast = 1 - Math.Min(1, pair / 2.0);
        return fast + ((1 - fast) / 4);
    }
}
