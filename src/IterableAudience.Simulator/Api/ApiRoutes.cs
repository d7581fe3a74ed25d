using IterableAudience.Simulator.Lists;
using IterableAudience.Simulator.Users;

namespace IterableAudience.Simulator.Api;

/// <summary>The part of Iterable's API that is simulated.</summary>
internal static class ApiRoutes
{
    public static void MapApi(this IEndpointRouteBuilder routes, ApiPipeline pipeline)
    {
        var api = routes.MapGroup("/api");
        api.MapGet("/lists", pipeline.Serve(CallKind.ListLists, ListCalls.ListAll));
        api.MapPost("/lists", pipeline.Serve(CallKind.CreateList, ListCalls.Create));
        api.MapDelete("/lists/{listId}", pipeline.Serve(CallKind.DeleteList, ListCalls.Delete));
        api.MapGet("/lists/{listId}/size", pipeline.Serve(CallKind.ListSize, ListCalls.Size));
        api.MapGet("/lists/getUsers", pipeline.Serve(CallKind.GetUsers, ListCalls.GetUsers));
        api.MapPost("/lists/subscribe", pipeline.ServeSubscribers(CallKind.Subscribe));
        api.MapPost("/lists/unsubscribe", pipeline.ServeSubscribers(CallKind.Unsubscribe));
        api.MapGet("/users/byUserId/{userId}", pipeline.Serve(CallKind.GetUserByUserId, UserCalls.GetByUserId));
        api.MapGet("/users/getByEmail", pipeline.Serve(CallKind.GetUserByEmail, UserCalls.GetByEmail));
        api.MapGet("/users/{email}", pipeline.Serve(CallKind.GetUserByEmail, UserCalls.GetByEmail));
        api.MapPost("/users/forget", pipeline.Serve(CallKind.ForgetUser, UserCalls.Forget));
        // A wrong path and a wrong method are the same to Iterable: a page of HTML.
        api.Map("/{**rest}", ApiPipeline.ServeUnknownAsync);
    }
}
