using System.Text.Json.Nodes;
using XLLM.Grains.Interfaces;
using XLLM.Grains.Interfaces.Catalog;
using XLLM.Grains.Interfaces.Chat;
using XLLM.Silo.Prompts;
using XLLM.Silo.Templates;
using XLLM.Silo.Tests.Vision;
using XLLM.Silo.Tokenization;
using XLLM.Silo.Vision;
using XLLM.Testing;

namespace XLLM.Silo.Tests.Prompts;

public sealed class PromptPicturesTests
{
    private const int Placeholder = 2838;
    private static readonly ITokenizer Tokenizer = TokenizerLoader.Load(Paths.DemoVisionModel);
    private static readonly byte[] Square = TestPictures.Png(TestPictures.Smooth(56, 56));

    [Fact]
    public void EveryPicture_HasItsTokens_AndItsPlace()
    {
        var prompt = Encoder().Render(Request(Url(Square), Url(TestPictures.Png(TestPictures.Smooth(84, 168)))));

        Assert.Equal(2, prompt.Pictures!.Length);
        Assert.Equal(prompt.TokenIds.Count(token => token == Placeholder), prompt.Pictures.Sum(picture => picture.PatchRows * picture.PatchColumns / 4));
        Assert.All(prompt.Pictures!, picture =>
        {
            Assert.Equal(Placeholder, prompt.TokenIds[picture.FirstToken]);
            Assert.NotEqual(Placeholder, prompt.TokenIds[picture.FirstToken - 1]);
            Assert.NotEqual(Placeholder, prompt.TokenIds[picture.FirstToken + (picture.PatchRows * picture.PatchColumns / 4)]);
        });
    }

    [Fact]
    public void EveryFault_IsListed_WithThePathOfItsPart()
    {
        var fault = Assert.Throws<RequestException>(() => Encoder().Render(Request(
            "data:image/png;base64,!!!!", Url(Square), Url(Square[..60]), "data:image/png;base64," + Convert.ToBase64String("no picture at all"u8), "http://example.com/cat.png")));

        Assert.Equal((RequestErrors.InvalidValue, "messages[0].content[0].image_url"), (fault.Code, fault.Parameter));
        Assert.Contains("character 0 of the picture's base64 is U+0021", fault.Message, StringComparison.Ordinal);
        Assert.Contains("messages[0].content[4].image_url: only data URLs are read", fault.Message, StringComparison.Ordinal);

        var pixels = Assert.Throws<RequestException>(() => Encoder().Render(Request(
            Url(Square), Url(Square[..60]), "data:image/png;base64," + Convert.ToBase64String("no picture at all"u8))));
        Assert.DoesNotContain("content[0]", pixels.Message, StringComparison.Ordinal);
        Assert.Contains("messages[0].content[1].image_url: ", pixels.Message, StringComparison.Ordinal);
        Assert.Contains("messages[0].content[2].image_url: ", pixels.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TooManyPictures_AndTooManyBytes_AreRefused_WithBothNumbers()
    {
        var many = Assert.Throws<RequestException>(() => Encoder(new PictureOptions { MaxPictures = 2 }).Render(Request(Url(Square), Url(Square), Url(Square))));
        Assert.Equal("the conversation has 3 pictures; at most 2 are allowed", many.Message);

        var large = Assert.Throws<RequestException>(() => Encoder(new PictureOptions { MaxTotalBytes = Square.Length }).Render(Request(Url(Square), Url(Square))));
        Assert.Equal($"the pictures of the conversation have {2 * Square.Length} bytes together; at most {Square.Length} are allowed", large.Message);
    }

    [Fact]
    public void APlaceholderInTheText_IsRefused_NotFilledWithAPicture()
    {
        var request = Request(Url(Square));
        request = request with { Messages = [.. request.Messages, ChatMessage.FromText("user", "and <|image_pad|>?")] };

        Assert.Contains("2 places for pictures, but 1 pictures", Assert.Throws<RequestException>(() => Encoder().Render(request)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AModelOfText_SaysSo()
    {
        var encoder = new PromptEncoder(Tokenizer, ChatTemplateLoader.Load(Paths.DemoVisionModel), new JsonObject(), Model(), TimeProvider.System);

        Assert.Equal("the model 'vl' reads text alone, but the messages have pictures", Assert.Throws<RequestException>(() => encoder.Render(Request(Url(Square)))).Message);
    }

    private static PromptEncoder Encoder(PictureOptions? options = null)
    {
        options ??= new PictureOptions();
        var pictures = new PromptPictures(
            new PictureProcessor(PictureProcessorConfigReader.Read(Paths.DemoVisionModel), options), options, Placeholder, new(options.PixelCacheBytes, picture => picture.PixelValues.Length * sizeof(float)));
        return new(Tokenizer, ChatTemplateLoader.Load(Paths.DemoVisionModel), ChatTemplateLoader.ReadSpecialTokens(Paths.DemoVisionModel), Model(), TimeProvider.System, pictures);
    }

    private static ModelDescriptor Model() => new() { Name = "vl", Architecture = "x", MaxContext = 4096, VocabularySize = 4096, BlockTokens = 16 };

    private static string Url(byte[] file) => $"data:image/png;base64,{Convert.ToBase64String(file)}";

    private static ChatRequest Request(params string[] urls) => new()
    {
        RequestId = "r",
        Model = "vl",
        Messages = [new ChatMessage { Role = "user", Content = [.. urls.Select(url => new ContentPart { Type = "image_url", ImageUrl = url }), new ContentPart { Type = "text", Text = "What is it?" }] }],
    };
}
