using System.Buffers.Binary;
using System.ClientModel;
using System.IO.Hashing;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OpenAI.Chat;
using XLLM.Grains.Interfaces.Client;
using XLLM.Testing;
using ChatMessage = OpenAI.Chat.ChatMessage;

namespace XLLM.EndToEnd.Tests;

/// <summary>Questions about pictures over the OpenAI API, with the demo model that reads them, and rubbish in place of pictures.</summary>
public sealed class PictureTests(ManyModelsFixture fixture)
{
    private static readonly ChatCompletionOptions Greedy = new() { Temperature = 0, MaxOutputTokenCount = 60 };
    private static readonly JsonArray Reference = JsonNode.Parse(File.ReadAllText(Path.Combine(Paths.DemoVisionModel, "reference.json")))!.AsArray();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>The recorded answers without a near tie.</summary>
    public static TheoryData<int> Cases => [.. Enumerable.Range(0, Reference.Count).Where(i => Reference[i]!["margins"].Deserialize<float[]>()!.All(margin => margin >= 0.02f))];

    public static TheoryData<string, string> Rubbish => new()
    {
        { "http://example.com/cat.png", "must be a data URL" },
        { "file:///etc/passwd", "must be a data URL" },
        { "data:image/png;base64", "has no comma" },
        { "data:text/plain;base64,aGVsbG8=", "is of type \"text/plain\"" },
        { "data:image/png;base64,AAA", "are no base64" },
        { "data:image/png;base64,AA*A", "character 2 of the picture's base64" },
        { "data:image/png;base64,", "is empty" },
        { Url(Encoding.ASCII.GetBytes("this is no picture, whatever its type says")), "messages[0].content[0].image_url" },
        { Url(File.ReadAllBytes(Path.Combine(Paths.DemoVisionModel, "pictures", "0.png"))[..100]), "messages[0].content[0].image_url" },
        { Url(Png(60_000, 60_000)), "3600000000 pixels" },
        { Url(Png(1 << 30, 1 << 30)), "messages[0].content[0].image_url" },
        { Url(Png(0, 0)), "messages[0].content[0].image_url" },
        { Url(Png(1, 1)), "messages[0].content[0].image_url" },
        { Url(Png(8_000, 2)), "messages[0].content[0].image_url" },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task TheOfficialClient_GetsTheRecordedAnswer(int index)
    {
        var client = (await fixture.OpenAIAsync()).GetChatClient("vl");
        var expected = Reference[index]!["greedy_text"]!.GetValue<string>().Replace("<|im_end|>", "", StringComparison.Ordinal);
        ChatMessage[] messages = [.. Reference[index]!["messages"]!.AsArray().Select(message => Message(message!))];

        ChatCompletion answer = await client.CompleteChatAsync(messages, Greedy, Cancel);
        var streamed = "";
        await foreach (var update in client.CompleteChatStreamingAsync(messages, Greedy, Cancel))
        {
            streamed += string.Concat(update.ContentUpdate.Select(part => part.Text));
        }

        Assert.Equal(expected, answer.Content[0].Text);
        Assert.Equal(expected, streamed);
        Assert.Equal(Reference[index]!["prompt_ids"]!.AsArray().Count, answer.Usage.InputTokenCount);
    }

    [Fact]
    public async Task TheSamePictureAgain_IsCached_AndAnotherIsNotTakenForIt()
    {
        var client = (await fixture.OpenAIAsync()).GetChatClient("vl");
        async Task<ChatCompletion> AskAsync(int picture) => (await client.CompleteChatAsync([new UserChatMessage(Part(picture), ChatMessageContentPart.CreateTextPart("Describe the picture, please."))], Greedy, Cancel)).Value;
        var first = await AskAsync(4);
        var again = await AskAsync(4);
        var other = await AskAsync(5);

        Assert.Equal(first.Content[0].Text, again.Content[0].Text);
        Assert.True(again.Usage.InputTokenDetails.CachedTokenCount >= 16, $"{again.Usage.InputTokenDetails.CachedTokenCount} cached");
        Assert.NotEqual(first.Content[0].Text, other.Content[0].Text);
        var metrics = await (await fixture.SiloAsync()).Http.GetStringAsync(new Uri("/metrics", UriKind.Relative), Cancel);
        Assert.Contains("xllm_engine_picture_cache_misses_total", metrics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ABusinessService_ShowsAPicture_WithoutHttp()
    {
        var builder = Host.CreateApplicationBuilder();
        var gateway = $"127.0.0.1:{(await fixture.SiloAsync()).GatewayPort}";
        builder.AddXllmClient(options => options.Gateways.Add(gateway));
        using var host = builder.Build();
        await host.StartAsync(Cancel);
        var chat = host.Services.GetRequiredService<IChatClient>();
        var text = Reference[0]!["messages"]![0]!["content"]![1]!["text"]!.GetValue<string>();

        var answer = await chat.GetResponseAsync(
            [new Microsoft.Extensions.AI.ChatMessage(ChatRole.User, [new DataContent(Bytes(0), "image/png"), new TextContent(text)])], new() { ModelId = "vl", Temperature = 0 }, Cancel);

        Assert.Equal("The digit is 9.", answer.Text);
        await host.StopAsync(Cancel);
    }

    [Theory]
    [MemberData(nameof(Rubbish))]
    public async Task RubbishInPlaceOfAPicture_IsAClear400_AndTheServerLives(string url, string message)
    {
        var (status, body) = await PostAsync([new { type = "image_url", image_url = new { url, detail = "low" } }, new { type = "text", text = "What is it?" }]);

        // A picture of 1 x 1 pixel or of odd proportions may be shown to a model that takes it; here only its pixels are missing.
        Assert.True(status == 400, $"{status}: {body}");
        Assert.Contains(message, body, StringComparison.Ordinal);
        var chat = (await fixture.OpenAIAsync()).GetChatClient("vl");
        Assert.NotEmpty((await chat.CompleteChatAsync([new UserChatMessage("Hello!")], Greedy, Cancel)).Value.Content);
    }

    [Fact]
    public async Task MorePicturesThanAllowed_AreA400_WithBothNumbers_AndAsManyAsAllowedAreServedOrDoNotFit()
    {
        var picture = new { type = "image_url", image_url = new { url = Url(Bytes(1)) } };
        var (status, body) = await PostAsync([.. Enumerable.Repeat<object>(picture, 101)]);

        Assert.Equal(400, status);
        Assert.Contains("the conversation has 101 pictures; at most 100 are allowed", body, StringComparison.Ordinal);

        (status, body) = await PostAsync([.. Enumerable.Repeat<object>(picture, 10), new { type = "text", text = "How many?" }]);
        Assert.True(status is 200 || body.Contains("context_length_exceeded", StringComparison.Ordinal), body);
    }

    [Fact]
    public async Task AModelOfText_RefusesPictures()
    {
        var client = (await fixture.OpenAIAsync()).GetChatClient("xllm-demo");

        var error = await Assert.ThrowsAsync<ClientResultException>(() => client.CompleteChatAsync([new UserChatMessage(Part(0))], Greedy, Cancel));

        Assert.Equal(400, error.Status);
        Assert.Contains("the model 'xllm-demo' reads text alone", error.Message, StringComparison.Ordinal);
    }

    private static ChatMessage Message(JsonNode message)
    {
        ChatMessageContentPart[] parts = message["content"] is JsonValue text
            ? [ChatMessageContentPart.CreateTextPart(text.GetValue<string>())]
            : [.. message["content"]!.AsArray().Select(part => part!["type"]!.GetValue<string>() == "image"
                ? Picture(part["image"]!.GetValue<string>())
                : ChatMessageContentPart.CreateTextPart(part["text"]!.GetValue<string>()))];
        return message["role"]!.GetValue<string>() switch
        {
            "system" => new SystemChatMessage(parts),
            "assistant" => new AssistantChatMessage(parts),
            _ => new UserChatMessage(parts),
        };
    }

    private static ChatMessageContentPart Part(int number) => Picture($"pictures/{number}.png");

    private static ChatMessageContentPart Picture(string file) =>
        ChatMessageContentPart.CreateImagePart(BinaryData.FromBytes(File.ReadAllBytes(Path.Combine(Paths.DemoVisionModel, file))), "image/png", ChatImageDetailLevel.High);

    private static byte[] Bytes(int number) => File.ReadAllBytes(Path.Combine(Paths.DemoVisionModel, "pictures", $"{number}.png"));

    private static string Url(byte[] file) => $"data:image/png;base64,{Convert.ToBase64String(file)}";

    /// <summary>A PNG file that announces a size and has no pixels.</summary>
    private static byte[] Png(int width, int height)
    {
        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        (header[8], header[9]) = (8, 2);
        return [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A, .. Chunk("IHDR", header), .. Chunk("IDAT", [0x78, 0x9C, 3, 0, 0, 0, 0, 1]), .. Chunk("IEND", [])];
    }

    private static byte[] Chunk(string name, byte[] data)
    {
        byte[] chunk = [0, 0, 0, 0, .. Encoding.ASCII.GetBytes(name), .. data, 0, 0, 0, 0];
        BinaryPrimitives.WriteInt32BigEndian(chunk, data.Length);
        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(8 + data.Length), Crc32.HashToUInt32(chunk.AsSpan(4, 4 + data.Length)));
        return chunk;
    }

    private async Task<(int Status, string Body)> PostAsync(object[] content)
    {
        using var response = await (await fixture.SiloAsync()).Http.PostAsJsonAsync(
            "/v1/chat/completions", new { model = "vl", temperature = 0, max_tokens = 8, messages = new[] { new { role = "user", content } } }, Cancel);
        return ((int)response.StatusCode, (await response.Content.ReadAsStringAsync(Cancel)).Replace("\\\"", "\"", StringComparison.Ordinal));
    }
}
