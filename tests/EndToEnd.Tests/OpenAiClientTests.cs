using System.ClientModel;
using System.Text.Json;
using OpenAI.Chat;

namespace XLLM.EndToEnd.Tests;

/// <summary>The official OpenAI .NET client against the running program.</summary>
public sealed class OpenAiClientTests(SiloFixture fixture)
{
    private static readonly ChatCompletionOptions Greedy = new() { Temperature = 0 };
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static readonly ChatTool Weather = ChatTool.CreateFunctionTool(
        "get_weather",
        "Get the current weather of a city.",
        BinaryData.FromString("""{"type": "object", "properties": {"city": {"type": "string", "description": "The city."}}, "required": ["city"]}"""));

    [Fact]
    public async Task TheCapitalOfJapan_IsTokyo()
    {
        ChatCompletion answer = await fixture.Chat.CompleteChatAsync([new UserChatMessage("What is the capital of Japan?")], Greedy, Cancel);

        Assert.Equal("The capital of Japan is Tokyo.", answer.Content[0].Text);
        Assert.Equal(ChatFinishReason.Stop, answer.FinishReason);
        Assert.Equal(17, answer.Usage.InputTokenCount);
        Assert.Equal(8, answer.Usage.OutputTokenCount);
    }

    [Fact]
    public async Task AStoryOfEightyTokens_StreamsInManyPieces_AndEqualsTheUnstreamedOne()
    {
        ChatMessage[] messages = [new UserChatMessage("Tell me a story about Mia, a fox.")];
        var options = new ChatCompletionOptions { Temperature = 0, MaxOutputTokenCount = 80 };
        var pieces = new List<string>();
        ChatTokenUsage? usage = null;
        await foreach (var update in fixture.Chat.CompleteChatStreamingAsync(messages, options, Cancel))
        {
            pieces.AddRange(update.ContentUpdate.Select(part => part.Text));
            usage ??= update.Usage;
        }

        ChatCompletion whole = await fixture.Chat.CompleteChatAsync(messages, options, Cancel);

        Assert.Equal(whole.Content[0].Text, string.Concat(pieces));
        Assert.True(pieces.Count > 10, $"{pieces.Count} pieces");
        Assert.Equal(whole.Usage.OutputTokenCount, usage!.OutputTokenCount);
    }

    [Fact]
    public async Task AConversation_RemembersItsEarlierTurns()
    {
        ChatCompletion answer = await fixture.Chat.CompleteChatAsync(
            [new UserChatMessage("My favourite colour is green."), new AssistantChatMessage("I will remember that you like green."), new UserChatMessage("What is my favourite colour?")],
            Greedy,
            Cancel);

        Assert.Contains("green", answer.Content[0].Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheSecondTurn_FindsItsPrefixCached()
    {
        ChatMessage[] messages = [new UserChatMessage("Tell me a story about Otto, an owl, and then say something about the weather in the long, long winter.")];
        await fixture.Chat.CompleteChatAsync(messages, Greedy, Cancel);
        ChatCompletion again = await fixture.Chat.CompleteChatAsync(messages, Greedy, Cancel);

        Assert.True(again.Usage.InputTokenDetails.CachedTokenCount >= 16, $"{again.Usage.InputTokenDetails.CachedTokenCount} tokens cached");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AToolThatIsOffered_IsCalled(bool stream)
    {
        var options = new ChatCompletionOptions { Temperature = 0, Tools = { Weather } };
        ChatMessage[] messages = [new UserChatMessage("What is the weather in Oslo?")];
        var (name, arguments, reason) = stream ? await StreamAsync() : await WholeAsync();

        Assert.Equal("get_weather", name);
        Assert.Equal("Oslo", JsonDocument.Parse(arguments).RootElement.GetProperty("city").GetString());
        Assert.Equal(ChatFinishReason.ToolCalls, reason);

        async Task<(string, string, ChatFinishReason)> WholeAsync()
        {
            ChatCompletion answer = await fixture.Chat.CompleteChatAsync(messages, options, Cancel);
            var call = Assert.Single(answer.ToolCalls);
            return (call.FunctionName, call.FunctionArguments.ToString(), answer.FinishReason);
        }

        async Task<(string, string, ChatFinishReason)> StreamAsync()
        {
            var (called, text, finish) = ("", "", default(ChatFinishReason?));
            await foreach (var update in fixture.Chat.CompleteChatStreamingAsync(messages, options, Cancel))
            {
                foreach (var call in update.ToolCallUpdates)
                {
                    called += call.FunctionName;
                    text += call.FunctionArgumentsUpdate?.ToString();
                }

                finish = update.FinishReason ?? finish;
            }

            return (called, text, finish!.Value);
        }
    }

    [Fact]
    public async Task AToolThatIsRequired_IsCalled_WhateverIsAsked()
    {
        var options = new ChatCompletionOptions { Temperature = 0, Tools = { Weather }, ToolChoice = ChatToolChoice.CreateFunctionChoice("get_weather") };
        ChatCompletion answer = await fixture.Chat.CompleteChatAsync([new UserChatMessage("What is the weather in Rome?")], options, Cancel);

        var call = Assert.Single(answer.ToolCalls);
        Assert.Equal("get_weather", call.FunctionName);
        Assert.Equal("Rome", JsonDocument.Parse(call.FunctionArguments).RootElement.GetProperty("city").GetString());
    }

    [Fact]
    public async Task AStopString_EndsTheAnswer_AndIsNotInIt()
    {
        var options = new ChatCompletionOptions { Temperature = 0, StopSequences = { ", 6" } };
        ChatCompletion answer = await fixture.Chat.CompleteChatAsync([new UserChatMessage("Count from 1 to 10.")], options, Cancel);

        Assert.DoesNotContain("6", answer.Content[0].Text, StringComparison.Ordinal);
        Assert.Equal(ChatFinishReason.Stop, answer.FinishReason);
    }

    [Fact]
    public async Task Logprobs_AreThoseOfTheDrawnTokens_AndTheirBytesMakeTheText()
    {
        var options = new ChatCompletionOptions { Temperature = 0, IncludeLogProbabilities = true, TopLogProbabilityCount = 3 };
        ChatCompletion answer = await fixture.Chat.CompleteChatAsync([new UserChatMessage("What is the capital of Japan?")], options, Cancel);

        var tokens = answer.ContentTokenLogProbabilities;
        Assert.Equal(answer.Content[0].Text, string.Concat(tokens.Select(token => token.Token)));
        Assert.All(tokens, token =>
        {
            Assert.InRange(token.LogProbability, -5f, 0f);
            Assert.Equal(3, token.TopLogProbabilities.Count);
            Assert.Equal(token.Token, token.TopLogProbabilities[0].Token);
        });
    }

    [Fact]
    public async Task TheSameSeed_DrawsTheSameTokens_AndAnotherSeedDrawsOthers()
    {
        async Task<string> DrawAsync(long seed)
        {
#pragma warning disable OPENAI001 // Seed is marked experimental in the client; the wire field is stable.
            var options = new ChatCompletionOptions { Temperature = 1.5f, Seed = seed, MaxOutputTokenCount = 60 };
#pragma warning restore OPENAI001
            ChatCompletion answer = await fixture.Chat.CompleteChatAsync([new UserChatMessage("Tell me a story.")], options, Cancel);
            return answer.Content[0].Text;
        }

        Assert.Equal(await DrawAsync(7), await DrawAsync(7));
        Assert.NotEqual(await DrawAsync(7), await DrawAsync(8));
    }

    [Fact]
    public async Task ThirtyTwoStreamsAtOnce_AllFinish_EachEqualToItsRunAlone()
    {
        string[] names = ["Mia", "Otto", "Lena", "Tom", "Anna", "Ben", "Rosa", "Finn"];
        string[] animals = ["fox", "owl", "bear", "cat"];
        var questions = names.SelectMany(name => animals.Select(animal => $"Tell me a story about {name}, a {animal}.")).ToArray();
        async Task<string> AskAsync(string question)
        {
            var text = "";
            await foreach (var update in fixture.Chat.CompleteChatStreamingAsync([new UserChatMessage(question)], new ChatCompletionOptions { Temperature = 0, MaxOutputTokenCount = 80 }, Cancel))
            {
                text += string.Concat(update.ContentUpdate.Select(part => part.Text));
            }

            return text;
        }

        var together = await Task.WhenAll(questions.Select(AskAsync));
        for (var i = 0; i < questions.Length; i++)
        {
            Assert.Equal(await AskAsync(questions[i]), together[i]);
        }
    }

    [Fact]
    public async Task AnUnknownModel_IsA404_WhoseMessageTheClientShows()
    {
        var client = new ChatClient("no-such-model", new ApiKeyCredential("none"), new() { Endpoint = new Uri(fixture.Silo.Address, "v1") });

        var error = await Assert.ThrowsAsync<ClientResultException>(() => client.CompleteChatAsync([new UserChatMessage("Hello!")], Greedy, Cancel));

        Assert.Equal(404, error.Status);
        Assert.Contains("no-such-model", error.Message, StringComparison.Ordinal);
        Assert.Contains("model_not_found", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task APromptLongerThanTheContext_IsA400_WithBothNumbers()
    {
        var error = await Assert.ThrowsAsync<ClientResultException>(
            () => fixture.Chat.CompleteChatAsync([new UserChatMessage(string.Concat(Enumerable.Repeat("kettle ", 6000)))], Greedy, Cancel));

        Assert.Equal(400, error.Status);
        Assert.Contains("context_length_exceeded", error.Message, StringComparison.Ordinal);
        Assert.Contains("4096", error.Message, StringComparison.Ordinal);
    }
}
