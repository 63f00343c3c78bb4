using XLLM.Grains.Interfaces.Chat;

namespace XLLM.Gateway.OpenAI.Requests;

/// <summary>A checked chat request and how its answer is to be sent.</summary>
/// <param name="Request">What the platform is asked; of several choices, the first.</param>
/// <param name="Choices">Answers wanted, at least 1.</param>
/// <param name="Delivery">How.</param>
internal sealed record ChatCall(ChatRequest Request, int Choices, Delivery Delivery)
{
    /// <summary>The request of one choice. Choices of a seeded request have the seeds seed, seed + 1, ...: the first is what a request for one would get.</summary>
    public ChatRequest RequestOf(int choice) => choice == 0
        ? Request
        : Request with
        {
            RequestId = $"{Request.RequestId}-{choice}",
            Sampling = Request.Sampling with { Seed = unchecked(Request.Sampling.Seed + choice) },
        };
}
