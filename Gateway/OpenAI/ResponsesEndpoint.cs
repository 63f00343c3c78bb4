using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Microsoft.Extensions.Options;
using XLLM.Gateway.Diagnostics;
using XLLM.Gateway.Http;
using XLLM.Gateway.OpenAI.Requests;
using XLLM.Gateway.OpenAI.Responses;
using XLLM.Gateway.OpenAI.StoredResponses;
using XLLM.Gateway.OpenAI.Wire;
using XLLM.Gateway.Streaming;
using XLLM.Grains.Interfaces;
using XLLM.Grains.Interfaces.Chat;
using XLLM.Grains.Interfaces.Client;
using XLLM.Grains.Interfaces.Responses;

namespace XLLM.Gateway.OpenAI;

/// <summary><c>/v1/responses</c>: create, read, cancel, delete.</summary>
internal sealed class ResponsesEndpoint(IInferenceClient client, IResponseClient stored, IOptions<GatewayOptions> options, TimeProvider clock, UnknownFields unknownFields)
{
    private const string Prefix = "resp_";

    /// <summary>Creates a response.</summary>
    public async Task CreateAsync(HttpContext context)
    {
        var (left, trace) = (context.RequestAborted, RequestTrace.Of(context));
        using var body = await JsonBody.ReadAsync(context.Request, options.Value.MaxBodyBytes, left);
        unknownFields.Note(body.RootElement, OpenAIJsonContext.Default.ResponseBody, trace.RequestId);
        var key = IdempotencyKeys.Of(context.Request);
        var id = key is null ? RequestIds.New(Prefix) : IdempotencyKeys.Id(Prefix, "responses", key);
        var parsed = ResponseParser.Parse(body.RootElement, id, options.Value);
        var call = parsed.Value ?? throw new ApiException(ErrorMapping.From(parsed.Faults));
        trace.Asked(call.Request.Model, 1, call.Request.Stop.MaxTokens);
        if (!call.Echo.Store)
        {
            await AnswerAsync(context, new(id, clock.GetUtcNow().ToUnixTimeSeconds(), call.Request.Model, call.Echo), call.Stream, -1, cancel => UnstoredAsync(call, cancel));
            return;
        }

        var snapshot = await stored.StartAsync(id, new ResponseStart
        {
            Request = call.Request,
            Instructions = call.Echo.Instructions,
            PreviousResponseId = call.Echo.PreviousResponseId,
            Fingerprint = IdempotencyKeys.Fingerprint(body.RootElement),
            Background = call.Echo.Background,
            Echo = JsonSerializer.Serialize(call.Echo, OpenAIJsonContext.Answers.ResponseEcho),
            KeepFor = options.Value.KeepResponsesFor,
        });
        if (call.Echo.Background && !call.Stream)
        {
            await WriteAsync(context, snapshot);
            return;
        }

        try
        {
            await AnswerAsync(context, ResponseFrame.Of(snapshot), call.Stream, -1, cancel => StoredTurn.ReadAsync(stored, id, cancel));
        }
        catch (Exception) when (left.IsCancellationRequested && !call.Echo.Background && key is null)
        {
            // Nobody waits for it, and nobody said that they would come back.
            await stored.CancelAsync(id);
            throw;
        }
    }

    /// <summary>A stored response, or with <c>stream=true</c> its events, those after <c>starting_after</c>.</summary>
    public async Task GetAsync(HttpContext context, string id)
    {
        var query = context.Request.Query;
        var stream = Flag(query["stream"].ToString());
        var after = After(query["starting_after"].ToString(), stream);
        var snapshot = await FindAsync(id);
        if (stream)
        {
            await AnswerAsync(context, ResponseFrame.Of(snapshot), stream, after, cancel => StoredTurn.ReadAsync(stored, id, cancel));
        }
        else
        {
            await WriteAsync(context, snapshot);
        }
    }

    /// <summary>Ends a running response.</summary>
    public async Task CancelAsync(HttpContext context, string id)
    {
        Check(id);
        await WriteAsync(context, await stored.CancelAsync(id) ?? throw Missing(id));
    }

    /// <summary>Forgets a response.</summary>
    public async Task DeleteAsync(HttpContext context, string id)
    {
        Check(id);
        if (!await stored.DeleteAsync(id))
        {
            throw Missing(id);
        }

        await AnswerJson.WriteAsync(context.Response, new() { Id = id }, OpenAIJsonContext.Answers.ResponseDeleted, context.RequestAborted);
    }

    private async Task AnswerAsync(HttpContext context, ResponseFrame frame, bool stream, int after, Func<CancellationToken, IAsyncEnumerable<TurnStep>> steps)
    {
        var (left, trace) = (context.RequestAborted, RequestTrace.Of(context));
        await using var choices = new ChoiceStreams<TurnStep>(
            1, 1, (_, cancel) => steps(cancel), _ => true, stream ? options.Value.PingInterval : Timeout.InfiniteTimeSpan, clock, left);
        if (stream)
        {
            using var events = new ServerSentEvents(context, options.Value.WriteTimeout, clock);
            await AnswerLoop.StreamAsync(choices, new ResponseEventWriter(frame, after, events, trace), () => { }, events, left);
        }
        else
        {
            var collector = new ResponseCollector(frame, trace);
            await AnswerLoop.CollectAsync(choices, collector, left);
            await AnswerJson.WriteAsync(context.Response, collector.Response, OpenAIJsonContext.Answers.ResponseObject, left);
        }
    }

    private async IAsyncEnumerable<TurnStep> UnstoredAsync(ResponseCall call, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ChatMessage[] before = [];
        if (call.Echo.PreviousResponseId is { } previous)
        {
            before = (await stored.GetAsync(previous) ?? throw new RequestException(RequestErrors.ResponseNotFound, $"previous response '{previous}' does not exist", "previous_response_id")).Conversation;
        }

        ChatMessage[] instructions = call.Echo.Instructions is { } text ? [ChatMessage.FromText("system", text)] : [];
        var turn = call.Request with { Messages = [.. instructions, .. before, .. call.Request.Messages] };
        await foreach (var next in client.ChatAsync(turn, cancellationToken))
        {
            if (next is ChatEnded ended && ErrorMapping.From(ended.Reason, ended.Message) is { } error)
            {
                throw new ApiException(error);
            }

            yield return new(next);
        }
    }

    private static Task WriteAsync(HttpContext context, ResponseSnapshot snapshot) =>
        AnswerJson.WriteAsync(context.Response, Project(snapshot), OpenAIJsonContext.Answers.ResponseObject, context.RequestAborted);

    private static ResponseObject Project(ResponseSnapshot snapshot)
    {
        var projection = new ResponseProjection(ResponseFrame.Of(snapshot));
        var events = new List<ResponseEventObject>();
        foreach (var next in snapshot.Events)
        {
            projection.Add(new(next), events);
        }

        if (snapshot.Status is ResponseStatus.Cancelled or ResponseStatus.Failed)
        {
            projection.Add(new(null, snapshot), events);
        }

        return projection.Response with { CompletedAt = snapshot.Ended?.ToUnixTimeSeconds() };
    }

    private async Task<ResponseSnapshot> FindAsync(string id)
    {
        Check(id);
        return await stored.GetAsync(id) ?? throw Missing(id);
    }

    private static bool Flag(string text) => text switch
    {
        "" or "false" => false,
        "true" => true,
        _ => throw Fault("stream", $"must be true or false, but is '{text}'"),
    };

    private static int After(string text, bool stream)
    {
        if (text.Length == 0)
        {
            return -1;
        }

        return !stream ? throw Fault("starting_after", "is allowed only with stream=true")
            : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var after) ? after
            : throw Fault("starting_after", $"must be the sequence_number of an event, but is '{text}'");
    }

    /// <summary>An id that no response can have must not create a grain.</summary>
    private static void Check(string id)
    {
        if (!SessionIds.IsValid(id))
        {
            throw Fault("id", SessionIds.Rule);
        }
    }

    private static ApiException Fault(string name, string rule) => new(ErrorMapping.Error(RequestErrors.InvalidValue, $"{name} {rule}.", name));

    private static ApiException Missing(string id) => new(ErrorMapping.Error(RequestErrors.ResponseNotFound, $"The response '{id}' does not exist.", "id"));
}
