using XLLM.Grains.Interfaces.Generation;

namespace XLLM.Gateway.OpenAI.Requests;

/// <summary>A checked completion request and how its answer is to be sent.</summary>
/// <param name="Prompts">One request per prompt, in order; at least one.</param>
/// <param name="ChoicesPerPrompt">Answers wanted of each, at least 1.</param>
/// <param name="Echo">Repeat the prompt's text before the answer.</param>
/// <param name="Delivery">How.</param>
internal sealed record CompletionCall(IReadOnlyList<Grains.Interfaces.Chat.CompletionRequest> Prompts, int ChoicesPerPrompt, bool Echo, Delivery Delivery)
{
    /// <summary>All answers: OpenAI numbers them prompt by prompt.</summary>
    public int Choices => Prompts.Count * ChoicesPerPrompt;

    /// <summary>Whether log probabilities are wanted.</summary>
    public bool Logprobs => Prompts[0].TopLogprobs is not null;

    /// <summary>What an answer begins with.</summary>
    public string EchoOf(int choice) => Echo ? Prompts[choice / ChoicesPerPrompt].Prompt ?? "" : "";

    /// <summary>The request of one choice; seeds as in <see cref="ChatCall.RequestOf"/>.</summary>
    public Grains.Interfaces.Chat.CompletionRequest RequestOf(int choice)
    {
        var prompt = Prompts[choice / ChoicesPerPrompt];
        SamplingParameters sampling = prompt.Sampling;
        return prompt with
        {
            RequestId = choice == 0 ? prompt.RequestId : $"{prompt.RequestId}-{choice}",
            Sampling = sampling with { Seed = unchecked(sampling.Seed + (choice % ChoicesPerPrompt)) },
        };
    }
}
