using System.Text.Json;
using XLLM.Silo.Hosting.Verification;
using XLLM.Silo.Models;
using XLLM.Testing;

namespace XLLM.Silo.Tests.Models;

/// <summary>Real trained weights, answered greedily and equal token for token to what other implementations answer.</summary>
public sealed class PublishedWeightsTests
{
    /// <summary>
    /// The first 160 tokens of stories260K after its start token: "Once upon a time, there was a little girl named Lily. She loved to play outside in the park. ..."
    /// Computed for this test in double precision by a loop per formula outside of this project; the smallest margin is 0.042. The text is the one that the model's makers document.
    /// </summary>
    private static readonly int[] Stories260K =
    [
        403, 407, 261, 378, 432, 383, 286, 261, 376, 298, 315, 421, 395, 317, 426, 338, 401, 396, 267, 337, 410, 408, 419, 292, 411, 322, 265, 282, 295, 433, 426, 385,
        328, 432, 358, 394, 261, 370, 432, 352, 266, 268, 388, 426, 338, 391, 266, 267, 337, 335, 312, 432, 398, 312, 286, 267, 414, 270, 333, 415, 426, 13, 438, 310,
        439, 419, 357, 336, 432, 313, 438, 310, 432, 278, 316, 439, 419, 298, 414, 267, 265, 282, 295, 433, 426, 436, 317, 286, 296, 418, 269, 279, 292, 416, 439, 413,
        409, 416, 327, 263, 415, 294, 267, 400, 426, 338, 336, 432, 313, 442, 391, 267, 337, 335, 364, 420, 268, 388, 432, 398, 359, 280, 303, 439, 413, 272, 417, 264,
        312, 426, 436, 13, 438, 310, 286, 296, 418, 269, 279, 292, 416, 439, 413, 409, 416, 327, 263, 415, 294, 267, 400, 426, 338, 336, 432, 313, 442, 439, 423, 262,
    ];

    public static TheoryData<string, string> BabyLlamas => Backends.With("babyllama105-hf-llama", "babyllama361-rows105-hf-llama");

    [Theory]
    [MemberData(nameof(Backends.Present), MemberType = typeof(Backends))]
    public void Demo_AnswersLikeTheReference_UpToTheFirstNearTie(string backendName) =>
        Assert.InRange(AssertReferenceAnswers(backendName, Paths.DemoModel), 240, int.MaxValue);        // 330 tokens are recorded; two of the long answers hold a near tie

    [Theory]
    [MemberData(nameof(Backends.Present), MemberType = typeof(Backends))]
    public void DemoWithExperts_AnswersLikeTheReference_UpToTheFirstNearTie(string backendName)
    {
        var folder = Paths.TryShared("demo-model", "moe");
        Assert.SkipWhen(folder is null, "../shared/demo-model/moe is missing");
        Assert.InRange(AssertReferenceAnswers(backendName, folder!), 240, int.MaxValue);
    }

    /// <summary>Continues every prompt of a model's reference.json.</summary>
    /// <returns>Tokens compared.</returns>
    private static int AssertReferenceAnswers(string backendName, string folder)
    {
        // Float32 against float32: a margin of 0.02 is ten times what a logit may differ by.
        const double NearTie = 0.02;
        using var backend = Backends.Open(backendName);
        var model = ModelLoader.Load(folder, backend, new ModelLoadOptions()).Model;
        using var runner = new ModelRunner(backend, model, sequences: 1, tokens: 512);
        using var reference = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "reference.json")));
        var compared = 0;

        foreach (var answer in reference.RootElement.EnumerateArray())
        {
            var margins = answer.GetProperty("margins").EnumerateArray().Select(margin => margin.GetDouble()).ToArray();
            var tokens = margins.TakeWhile(margin => margin >= NearTie).Count();

            var actual = GreedyCheck.Continue(runner, Integers(answer, "prompt_ids"), tokens);

            Assert.Equal(Integers(answer, "greedy_ids")[..tokens], actual);
            compared += tokens;
        }

        return compared;
    }

    [Theory]
    [MemberData(nameof(Backends.Present), MemberType = typeof(Backends))]
    public void DemoAsGguf_GivesTheReferencesAnswers(string backendName)
    {
        var folder = Paths.TryShared("demo-model", "dense-gguf");
        Assert.SkipWhen(folder is null, "../shared/demo-model/dense-gguf is missing");
        using var backend = Backends.Open(backendName);
        var loaded = ModelLoader.Load(folder!, backend, new ModelLoadOptions());
        using var runner = new ModelRunner(backend, loaded.Model, sequences: 1, tokens: 256);
        using var reference = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Paths.DemoModel, "reference.json")));

        Assert.Equal((4096, 4096), (loaded.Info.ContextLength, loaded.Info.VocabularySize));
        foreach (var answer in reference.RootElement.EnumerateArray())
        {
            var expected = Integers(answer, "greedy_ids");

            Assert.Equal(expected, GreedyCheck.Continue(runner, Integers(answer, "prompt_ids"), expected.Length));
        }
    }

    [Theory]
    [MemberData(nameof(BabyLlamas))]
    public void BabyLlama_TellsTheRecordedStories(string backendName, string name)
    {
        var folder = Paths.TryShared("data", "weights", name);
        Assert.SkipWhen(folder is null, $"../shared/data/weights/{name} is missing");
        using var backend = Backends.Open(backendName);
        var model = ModelLoader.Load(folder!, backend, new ModelLoadOptions()).Model;
        using var runner = new ModelRunner(backend, model, sequences: 1, tokens: 256);
        using var golden = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder!, "golden.json")));

        foreach (var story in golden.RootElement.GetProperty("cases").EnumerateArray())
        {
            var expected = Integers(story, "output_ids");

            Assert.Equal(expected, GreedyCheck.Continue(runner, Integers(story, "prompt_ids"), expected.Length));
        }
    }

    [Theory]
    [MemberData(nameof(Backends.Present), MemberType = typeof(Backends))]
    public void Stories260K_TellsItsDocumentedStory(string backendName)
    {
        var folder = Paths.TryShared("data", "weights", "stories260K-hf-llama");
        Assert.SkipWhen(folder is null, "../shared/data/weights/stories260K-hf-llama is missing");
        using var backend = Backends.Open(backendName);
        var model = ModelLoader.Load(folder!, backend, new ModelLoadOptions()).Model;
        using var runner = new ModelRunner(backend, model, sequences: 1, tokens: 256);

        Assert.Equal(Stories260K, GreedyCheck.Continue(runner, new[] { 1 }, Stories260K.Length));
    }

    private static int[] Integers(JsonElement of, string name) => [.. of.GetProperty(name).EnumerateArray().Select(id => id.GetInt32())];
}
