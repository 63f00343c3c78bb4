using XLLM.Grains.Interfaces.Replicas;

namespace XLLM.Grains.Routing;

/// <summary>Predicts the time to the first token, and the time between tokens, from a replica's announced load and step times. Pure.</summary>
internal static class FirstTokenPrediction
{
    /// <summary>Rows of a step where a silo does not tell its own.</summary>
    private const int UsualStepTokens = 512;

    /// <summary>Seconds until the request's first token: what was announced and is not done yet, what was sent since, and its own prefill.</summary>
    /// <param name="model">The replica's step times.</param>
    /// <param name="candidate">The replica.</param>
    /// <param name="request">The request.</param>
    /// <param name="cachedTokens">Leading tokens of the prompt that need not be computed.</param>
    public static double FirstToken(in StepTimeModel model, in ReplicaCandidate candidate, in SelectionRequest request, long cachedTokens)
    {
        var load = candidate.Load;
        var step = DecodeStep(model, candidate, request);
        var room = Math.Max(1, (load.MaxStepTokens > 0 ? load.MaxStepTokens : UsualStepTokens) - load.RunningSequences);
        var announced = (load.PendingTokens / (double)room * step) + Rows(model, load.PendingTokens, load.PendingAttention);
        var sent = (candidate.RoutedTokens / (double)room * step) + Rows(model, candidate.RoutedTokens, candidate.RoutedAttention);

        var cached = Math.Clamp(cachedTokens, 0, request.PromptTokens - 1);             // the last token is always computed
        var own = request.PromptTokens - cached;
        var steps = Math.Ceiling(own / (double)room);                                   // others may share its last one, but it has to be over
        return Math.Max(0, announced - candidate.Age) + sent
            + (steps * (step + (model.PerContextToken * request.PromptTokens))) + Rows(model, own, StepShape.Attended(cached, request.PromptTokens));
    }

    /// <summary>Seconds between two tokens of a sequence when one more decodes: a step of the sequences that run, those sent since, and this one.</summary>
    public static double NextToken(in StepTimeModel model, in ReplicaCandidate candidate, in SelectionRequest request)
    {
        var added = request.PromptTokens + ((long)candidate.RoutedBlocks * request.BlockTokens);
        return DecodeStep(model, candidate, request)
            + ((model.PerRow + model.PerSequence) * (1 + candidate.RoutedSequences)) + ((model.PerContextToken + model.PerAttendedToken) * added);
    }

    /// <summary>Seconds of a step in which every running sequence gets a token; what is prefilled comes on top of it.</summary>
    private static double DecodeStep(in StepTimeModel model, in ReplicaCandidate candidate, in SelectionRequest request)
    {
        var sequences = candidate.Load.RunningSequences;
        var context = (long)candidate.Load.UsedBlocks * request.BlockTokens;
        return model.Seconds(new StepShape(sequences, sequences, context, context));
    }

    private static double Rows(in StepTimeModel model, long rows, long attention) => (model.PerRow * rows) + (model.PerAttendedToken * attention);
}
