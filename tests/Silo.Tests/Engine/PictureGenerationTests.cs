using System.Text.Json;
using System.Text.Json.Nodes;
using XLLM.Grains.Interfaces;
using XLLM.Grains.Interfaces.Catalog;
using XLLM.Grains.Interfaces.Chat;
using XLLM.Grains.Interfaces.Generation;
using XLLM.Grains.Interfaces.Prompts;
using XLLM.Grains.Ports;
using XLLM.NativeBackends.Ops;
using XLLM.Silo.Engine;
using XLLM.Silo.Hosting;
using XLLM.Silo.Models;
using XLLM.Silo.Prompts;
using XLLM.Silo.Sequences;
using XLLM.Silo.Templates;
using XLLM.Silo.Tests.Models;
using XLLM.Silo.Tests.Vision;
using XLLM.Silo.Tokenization;
using XLLM.Silo.Vision;
using XLLM.Testing;

namespace XLLM.Silo.Tests.Engine;

/// <summary>Pictures through the prompt's encoder and the whole engine, with the demo model that reads them.</summary>
public sealed class PictureGenerationTests
{
    /// <summary>Float32 against float32: ten times what a logit may differ by.</summary>
    private const double NearTie = 0.02;

    private static readonly ITokenizer Tokenizer = TokenizerLoader.Load(Paths.DemoVisionModel);

    [Theory]
    [MemberData(nameof(Backends.Present), MemberType = typeof(Backends))]
    public async Task AllRecordedQuestionsAtOnce_GetTheRecordedPromptsAndAnswers_UpToTheFirstNearTie(string backendName)
    {
        using var backend = Backends.Open(backendName);
        var demo = new Demo(backend);
        using var setup = demo.Setup(new EngineOptions(), blocks: 400);
        await using var engine = setup.Start();
        var cases = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Paths.DemoVisionModel, "reference.json"), TestContext.Current.CancellationToken))!.AsArray();

        var answers = await Task.WhenAll(cases.Select(recorded => Answer.ReadAsync(engine.Start(demo.Request(Conversation(recorded!))), TestContext.Current.CancellationToken)));

        Assert.All(cases.Zip(answers), pair =>
        {
            var (recorded, answer) = pair;
            Assert.Equal(recorded!["prompt_ids"].Deserialize<int[]>()!, demo.Render(Conversation(recorded)).TokenIds);
            var expected = recorded["greedy_ids"].Deserialize<int[]>()!;
            var certain = recorded["margins"].Deserialize<double[]>()!.TakeWhile(margin => margin >= NearTie).Count();
            Assert.Equal(expected[..certain], answer.Tokens.Take(certain));
        });
    }

    [Theory]
    [MemberData(nameof(Backends.Present), MemberType = typeof(Backends))]
    public void Logits_AreTheSameBitForBit_AloneInABatchChunkedThroughThePictureFromThePrefixCacheAndAfterAPreemption(string backendName)
    {
        using var backend = Backends.Open(backendName);
        var demo = new Demo(backend);
        var request = demo.Request(TwoPictures(0)) with { RequestId = "it", Stop = new StopParameters { MaxTokens = 6, IgnoreEndToken = true } };
        var others = Enumerable.Range(1, 7).Select(i => demo.Request(i % 2 == 0 ? TwoPictures(i) : Text($"Question {i}: which shape is it, and how many are there?")) with { RequestId = $"{i}" }).ToArray();
        var alone = Run(demo, new EngineOptions { MaxTokensPerStep = 1024, PrefixCaching = false }, 64, [request]);
        Assert.Equal(6, alone.Logits.Count);

        Check("in a batch of 8", Run(demo, new EngineOptions { MaxTokensPerStep = 2048 }, 256, [.. others[..3], request, .. others[3..]]));
        foreach (var chunk in new[] { 1, 7, 16, 64 })
        {
            Check($"in chunks of {chunk}", Run(demo, new EngineOptions { MaxTokensPerStep = chunk, MaxRunningSequences = 1 }, 64, [request]));
            Check($"in chunks of {chunk} without a cache of pictures", Run(new Demo(backend, encoderCacheBytes: 0, pixelCacheBytes: 0), new EngineOptions { MaxTokensPerStep = chunk, MaxRunningSequences = 1 }, 64, [request]));
        }

        var hit = Run(demo, new EngineOptions { MaxRunningSequences = 1 }, 64, [request with { RequestId = "before" }, request]);
        Assert.Equal((request.PromptTokens.Length - 1) / 16 * 16, hit.Answer.End!.Usage.CachedTokens);
        Check("after a prefix hit through both pictures", hit);

        // The first request leaves blocks up to the middle of the first picture: the rest of the picture is computed.
        var cut = request.Pictures[0].FirstToken + 8;
        var partly = Run(demo, new EngineOptions { MaxRunningSequences = 1, BlockTokens = 4 }, 256, [demo.Request(OnePicture(0)) with { RequestId = "begins alike" }, request]);
        Assert.InRange(partly.Answer.End!.Usage.CachedTokens, cut, request.PromptTokens.Length);
        Check("after a prefix hit of the first picture alone", partly);

        var blocks = (request.PromptTokens.Length / 16) + 2;
        var crowded = Run(demo, new EngineOptions { MaxTokensPerStep = 32, MaxRunningSequences = 2, AdmissionOrder = "fcfs", PrefixCaching = false }, blocks, [demo.Request(Text("Hello, who are you?")) with { RequestId = "long", Stop = new StopParameters { MaxTokens = 60, IgnoreEndToken = true } }, request]);
        Assert.True(crowded.Preemptions > 0);
        Check("preempted and resumed", crowded);

        void Check(string how, Outcome outcome)
        {
            Assert.True(outcome.Logits.Count >= alone.Logits.Count, $"{backendName}, {how}: {outcome.Logits.Count} tokens, {outcome.Answer.End!.Message}");
            for (var i = 0; i < alone.Logits.Count; i++)
            {
                Assert.True(
                    alone.Logits[i].AsSpan().SequenceEqual(outcome.Logits[i]),
                    $"{backendName}, {how}: the logits of token {i} differ by up to {alone.Logits[i].Zip(outcome.Logits[i], (a, b) => Math.Abs(a - b)).Max()}");
            }
        }

        Outcome Run(Demo with, EngineOptions options, int count, GenerationRequest[] requests)
        {
            using var setup = with.Setup(options, count);
            var logits = new SortedDictionary<int, float[]>();
            setup.Executor.LogitsObserver = (plan, rows) =>
            {
                for (var i = 0; i < plan.DrawingGrants.Count; i++)
                {
                    var grant = plan.Grants[plan.DrawingGrants.Values[i]];
                    if (grant.Sequence.Id.Value == Array.IndexOf(requests, request) + 1)
                    {
                        logits.TryAdd(grant.End, backend.Ops.ReadRow(rows, i).ToArray());
                    }
                }
            };
            var engine = new SteppedEngine(setup, depth: 2);
            var answers = engine.Run(requests);
            return new Outcome([.. logits.Values], answers[Array.IndexOf(requests, request)], engine.Scheduler.Preemptions);
        }
    }

    [Theory]
    [MemberData(nameof(Backends.Present), MemberType = typeof(Backends))]
    public void Text_IsAnsweredAlike_AloneAndInAStepWithPictures(string backendName)
    {
        using var backend = Backends.Open(backendName);
        var demo = new Demo(backend);
        var text = demo.Request(Text("Hello, who are you?")) with { TopLogprobs = 5 };
        GenerationRequest[] pictures = [.. Enumerable.Range(0, 3).Select(i => demo.Request(OnePicture(i)) with { RequestId = $"{i}" })];
        using var first = demo.Setup(new EngineOptions { PrefixCaching = false }, 128);
        using var second = demo.Setup(new EngineOptions { PrefixCaching = false }, 128);

        var alone = new SteppedEngine(first, depth: 2).Run(text)[0];
        var beside = new SteppedEngine(second, depth: 2).Run([pictures[0], text, .. pictures[1..]])[1];

        Assert.Equal(alone.Summary, beside.Summary);        // log probabilities by bits
    }

    [Fact]
    public void AResumedGeneration_DrawsTheSameTokens()
    {
        using var backend = Backends.Open("auto");
        var demo = new Demo(backend);
        var request = demo.Request(OnePicture(3)) with { Stop = new StopParameters { MaxTokens = 12, IgnoreEndToken = true }, Sampling = new SamplingParameters { Temperature = 1, Seed = 9 } };
        using var first = demo.Setup(new EngineOptions(), 64);
        var whole = new SteppedEngine(first, depth: 2).Run(request)[0].Tokens;

        // Another replica: nothing is cached there, neither blocks nor pictures.
        var other = new Demo(backend);
        using var second = other.Setup(new EngineOptions(), 64);
        var rest = new SteppedEngine(second, depth: 2).Run(request with { GeneratedTokens = [.. whole[..5]] })[0].Tokens;

        Assert.Equal(whole[5..], rest);
    }

    [Fact]
    public void APictureIsEncodedOnce_AndFoundByItsContent_WhateverFileItCameIn()
    {
        using var backend = Backends.Open("auto");
        var demo = new Demo(backend);
        var stage = demo.Vision.Stage(backend.Ops, Metrics(), TimeProvider.System);
        using var setup = demo.Setup(new EngineOptions { PrefixCaching = false, MaxTokensPerStep = 8, MaxRunningSequences = 4 }, 64);
        var picture = TestPictures.Smooth(84, 84);
        var png = demo.Request(Ask(("image/png", TestPictures.Png(picture))));
        var bmp = demo.Request(Ask(("image/bmp", TestPictures.Bmp(picture))));

        Assert.Equal(png.Pictures[0].Key, bmp.Pictures[0].Key);
        var rows = stage.Encode(Sequence(png), 0);
        Assert.Same(rows, stage.Encode(Sequence(bmp), 0));

        SequencePictures Sequence(GenerationRequest request) => new(request.Pictures, PictureChecks.Places(request, setup.Served), request.PromptTokens.Length);
    }

    [Fact]
    public void TwoPictures_ShareNoBlocks_FromTheOneInWhichTheyBegin()
    {
        using var backend = Backends.Open("auto");
        var demo = new Demo(backend);
        var (left, right) = (demo.Request(OnePicture(0)), demo.Request(OnePicture(1)));
        Assert.Equal(left.PromptTokens, right.PromptTokens);

        using var setup = demo.Setup(new EngineOptions { MaxRunningSequences = 1 }, 64);
        var engine = new SteppedEngine(setup, depth: 2);
        var answers = engine.Run(left with { RequestId = "l" }, right with { RequestId = "r" }, left with { RequestId = "again" });

        Assert.Equal(0, answers[1].End!.Usage.CachedTokens);            // the picture begins in the first block
        Assert.NotEqual(answers[0].Text, answers[1].Text);
        Assert.Equal(answers[0].Text, answers[2].Text);
        Assert.True(answers[2].End!.Usage.CachedTokens >= 16);
    }

    [Fact]
    public void APictureThatIsNotWhatItsKeySays_CostsItsOwnSequenceAlone()
    {
        using var backend = Backends.Open("auto");
        var demo = new Demo(backend, encoderCacheBytes: 0, pixelCacheBytes: 0);
        using var setup = demo.Setup(new EngineOptions(), 128);
        var good = demo.Request(OnePicture(0));
        var forged = good with { RequestId = "forged", Pictures = [good.Pictures[0] with { Key = new PictureKey(1, 2) }] };
        var cutOff = good with { RequestId = "cut", Pictures = [good.Pictures[0] with { File = good.Pictures[0].File[..40] }] };

        var answers = new SteppedEngine(setup, depth: 2).Run(forged, good, cutOff);

        Assert.Equal(EndReason.Failed, answers[0].End!.Reason);
        Assert.Contains("but came as", answers[0].End!.Message, StringComparison.Ordinal);
        Assert.Equal(EndReason.Stop, answers[1].End!.Reason);
        Assert.Equal(EndReason.Failed, answers[2].End!.Reason);
    }

    [Fact]
    public void TokensAndPicturesThatDoNotAgree_AreRefused()
    {
        using var backend = Backends.Open("auto");
        var demo = new Demo(backend);
        using var setup = demo.Setup(new EngineOptions(), 64);
        var intake = new SteppedEngine(setup, depth: 2).Intake;
        var good = demo.Request(OnePicture(0));
        var picture = good.Pictures[0];

        Refused($"a picture has 3 x {picture.PatchColumns} patches", good with { Pictures = [picture with { PatchRows = 3 }] });
        Refused($"a picture has -2 x {picture.PatchColumns} patches", good with { Pictures = [picture with { PatchRows = -2 }] });
        Refused("picture 1 begins at token", good with { Pictures = [picture with { FirstToken = 1 }] });
        Refused("the prompt has tokens of 1 pictures, but 2 pictures came with it", good with { Pictures = [picture, picture] });
        Refused($"picture 1 has {(picture.PatchRows + 2) * picture.PatchColumns / 4} tokens, but the prompt has {picture.PatchRows * picture.PatchColumns / 4} places", good with { Pictures = [picture with { PatchRows = picture.PatchRows + 2 }] });
        Refused("places for pictures more than", good with { Pictures = [picture with { PatchRows = 2 }] });
        Refused("has more tokens than the prompt", good with { Pictures = [picture with { PatchRows = int.MaxValue - 1, PatchColumns = int.MaxValue - 1 }] });

        void Refused(string message, GenerationRequest request) =>
            Assert.Contains(message, Assert.Throws<RequestException>(() => intake.Start(request)).Message, StringComparison.Ordinal);
    }

    private static ChatRequest Conversation(JsonNode recorded) => Request([.. recorded["messages"]!.AsArray().Select(message => new ChatMessage
    {
        Role = message!["role"]!.GetValue<string>(),
        Content = message["content"] is JsonValue text
            ? [new ContentPart { Type = "text", Text = text.GetValue<string>() }]
            : [.. message["content"]!.AsArray().Select(part => part!["type"]!.GetValue<string>() == "image"
                ? Picture("image/png", File.ReadAllBytes(Path.Combine(Paths.DemoVisionModel, part["image"]!.GetValue<string>())))
                : new ContentPart { Type = "text", Text = part["text"]!.GetValue<string>() })],
    })]);

    private static ChatRequest OnePicture(int number) => Ask(("image/png", Pixels(number)));

    private static ChatRequest TwoPictures(int number) => Ask(("image/png", Pixels(number)), ("image/png", Pixels(number + 1)));

    private static byte[] Pixels(int number) => File.ReadAllBytes(Path.Combine(Paths.DemoVisionModel, "pictures", $"{number}.png"));

    private static ChatRequest Ask(params (string Type, byte[] File)[] files) => Request([new ChatMessage
    {
        Role = "user",
        Content = [.. files.Select(file => Picture(file.Type, file.File)), new ContentPart { Type = "text", Text = "What is in the picture?" }],
    }]);

    private static ChatRequest Text(string text) => Request([ChatMessage.FromText("user", text)]);

    private static ContentPart Picture(string type, byte[] file) => new() { Type = "image_url", ImageUrl = $"data:{type};base64,{Convert.ToBase64String(file)}" };

    private static ChatRequest Request(ChatMessage[] messages) => new() { RequestId = "r", Model = "vl", Messages = messages };

    private static XLLM.Silo.Diagnostics.PictureMetrics Metrics() => new(new Meters(), "tiny");

    private sealed class Meters : System.Diagnostics.Metrics.IMeterFactory
    {
        public System.Diagnostics.Metrics.Meter Create(System.Diagnostics.Metrics.MeterOptions options) => new(options);

        public void Dispose()
        {
        }
    }

    private sealed record Outcome(List<float[]> Logits, Answer Answer, long Preemptions);

    /// <summary>The model with its own caches of pictures.</summary>
    private sealed class Demo
    {
        private readonly LoadedModel _model;
        private readonly IBackend _backend;
        private readonly PromptEncoder _prompts;

        public Demo(IBackend backend, long encoderCacheBytes = 1 << 28, long pixelCacheBytes = 1 << 28)
        {
            _backend = backend;
            _model = ModelLoader.Load(Paths.DemoVisionModel, backend, new ModelLoadOptions());
            Vision = VisionParts.Load(Paths.DemoVisionModel, _model.Model, new PictureOptions { EncoderCacheBytes = encoderCacheBytes, PixelCacheBytes = pixelCacheBytes })!;
            var descriptor = new ModelDescriptor { Name = "tiny", Architecture = "x", MaxContext = 4096, VocabularySize = 4096, BlockTokens = 16 };
            _prompts = new PromptEncoder(
                Tokenizer, ChatTemplateLoader.Load(Paths.DemoVisionModel), ChatTemplateLoader.ReadSpecialTokens(Paths.DemoVisionModel), descriptor, TimeProvider.System, Vision.Prompts);
        }

        public VisionParts Vision { get; }

        public EngineSetup Setup(EngineOptions options, int blocks) => new(_model, _backend, Tokenizer, options, blocks, vision: Vision);

        public RenderedPrompt Render(ChatRequest request) => _prompts.Render(request);

        public GenerationRequest Request(ChatRequest request)
        {
            var prompt = Render(request);
            return new()
            {
                RequestId = request.RequestId,
                Model = "tiny",
                PromptTokens = prompt.TokenIds,
                Pictures = prompt.Pictures ?? [],
                Sampling = new SamplingParameters { Temperature = 0 },
                Stop = new StopParameters { MaxTokens = 40 },
            };
        }
    }
}
